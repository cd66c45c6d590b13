import type {Failure} from '../base/failure.ts';
import type {Check, CheckId, CheckUnderWay} from '../doctor/check.ts';
import {diagnose, diagnoseSoFar, factsOf} from '../doctor/diagnose.ts';
import type {HostFacts} from '../doctor/facts.ts';
import {gatherFacts} from '../doctor/gather.ts';
import {realProbe} from '../doctor/probe.ts';
import type {Host} from '../host/host.ts';
import {loadReadableSettings} from './load-settings.ts';

export type {Check, CheckId, CheckUnderWay} from '../doctor/check.ts';

/** Of a whole check, for checking parts of it again. */
export type Examined = {checks: Check[]; facts: HostFacts};

type CheckOptions = {
	/** Pull a small image for the test in a container when there is no local one. */
	deep: boolean;
	/** A mirror to check in place of Docker Hub. */
	mirror: string | undefined;
	signal: AbortSignal;
	/** Called with all checks whenever one is finished. */
	onChecks?: (checks: Array<Check | CheckUnderWay>) => void;
	/** Only this check, and those of the layers above, are made again. */
	again?: {id: CheckId; before: HostFacts};
};

/** `gpubox doctor`, for the verb and the session. @throws the reason of the signal */
async function checkHost(host: Host, options: CheckOptions): Promise<Examined> {
	const {onChecks, again, ...rest} = options;
	let known: Partial<HostFacts> = {};
	const facts = await gatherFacts(realProbe(host, process.env), {
		...rest,
		...(again && {again: {before: again.before, facts: factsOf(again.id, again.before)}}),
		...(onChecks && {
			onFacts(news) {
				known = {...known, ...news};
				onChecks(diagnoseSoFar(known));
			},
		}),
	});
	return {checks: diagnose(facts), facts};
}

/** The same with the settings of a folder. What is wrong with these does not keep the machine from being checked: it is told. */
export async function checkHostFor(
	host: Host,
	folder: string,
	{onTrouble, ...options}: Omit<CheckOptions, 'mirror'> & {onTrouble: (trouble: Failure) => void},
): Promise<Examined> {
	const {settings} = await loadReadableSettings(folder, {onTrouble});
	return checkHost(host, {...options, mirror: settings.build?.registryMirror});
}
