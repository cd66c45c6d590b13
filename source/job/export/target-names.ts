/** The targets as help, completion and documents show them. The code of each is in `targets/`, loaded when it is used. */

export type TargetFacts = {
	/** Where the file belongs in a project. */
	file: string;
	/** A phrase for help and tables. */
	summary: string;
	/** Whether it takes jobs, or boxes as well. */
	takes: 'jobs' | 'jobs and boxes';
	/** Nothing is built there, so that packages and code have to be in the image that is pulled. */
	pulls: boolean;
};

/** In the order of help and documents. */
export const targetFacts = {
	dockerfile: {
		file: 'Dockerfile',
		summary: 'an image with packages and code: what a cluster pulls',
		takes: 'jobs and boxes',
		pulls: false,
	},
	compose: {
		file: 'compose.yaml',
		summary: 'Docker Compose, on any machine with Docker',
		takes: 'jobs and boxes',
		pulls: false,
	},
	kubernetes: {
		file: 'kubernetes.yaml',
		summary: 'a Kubernetes Job, or a Deployment for a box',
		takes: 'jobs and boxes',
		pulls: true,
	},
	slurm: {file: 'job.sbatch', summary: 'a batch script for Slurm, with pyxis or Apptainer', takes: 'jobs', pulls: true},
	'github-actions': {
		file: '.github/workflows/gpubox.yml',
		summary: 'a workflow for GitHub Actions, on a runner with GPUs',
		takes: 'jobs',
		pulls: false,
	},
	'gitlab-ci': {
		file: '.gitlab-ci.yml',
		summary: 'a job for GitLab CI, on a runner with GPUs',
		takes: 'jobs',
		pulls: true,
	},
	jenkins: {file: 'Jenkinsfile', summary: 'a pipeline for Jenkins, on an agent with GPUs', takes: 'jobs', pulls: true},
	devcontainer: {
		file: '.devcontainer/devcontainer.json',
		summary: 'a dev container (VS Code, Codespaces, devcontainer CLI)',
		takes: 'jobs and boxes',
		pulls: false,
	},
	swarm: {
		file: 'stack.yaml',
		summary: 'a stack for Docker Swarm, with GPUs as generic resources',
		takes: 'jobs and boxes',
		pulls: true,
	},
} as const satisfies Record<string, TargetFacts>;

export type TargetName = keyof typeof targetFacts;

export const targetNames = Object.keys(targetFacts) as TargetName[];
