import type {Target} from './target.ts';
import type {TargetName} from './target-names.ts';
import {compose} from './targets/compose.ts';
import {devcontainer} from './targets/devcontainer.ts';
import {dockerfile} from './targets/dockerfile.ts';
import {githubActions} from './targets/github-actions.ts';
import {gitlabCi} from './targets/gitlab-ci.ts';
import {jenkins} from './targets/jenkins.ts';
import {kubernetes} from './targets/kubernetes.ts';
import {slurm} from './targets/slurm.ts';
import {swarm} from './targets/swarm.ts';

/** All targets by name. */
export const targets: Readonly<Record<TargetName, Target>> = {
	dockerfile,
	compose,
	kubernetes,
	slurm,
	'github-actions': githubActions,
	'gitlab-ci': gitlabCi,
	jenkins,
	devcontainer,
	swarm,
};
