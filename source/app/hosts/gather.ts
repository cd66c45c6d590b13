/** Asks a machine everything at once, and takes what has come when the time is up. */
import {Failure} from '../../base/failure.ts';
import {homeFolder} from '../../base/home.ts';
import type {Box} from '../../box/box.ts';
import {listBoxes} from '../../box/list.ts';
import {findEngineAddress, findListedHost} from '../../engine/address.ts';
import {EngineError, type EngineInfo} from '../../engine/engine.ts';
import {askForwarded} from '../../engine/forwarded.ts';
import {readGpuFacts} from '../../gpu/inventory.ts';
import {unknownGpus} from '../../gpu/problems.ts';
import {readProcesses} from '../../gpu/processes.ts';
import type {Host} from '../../host/host.ts';
import {openHost} from '../../host/open-host.ts';
import {runOverSsh} from '../../host/ssh-command.ts';
import {readFreeDisk} from '../../image/pull/free-disk.ts';
import {hashRootfs, type Lock} from '../../job/lock/lock.ts';
import {pinnedReference} from '../../job/lock/pins.ts';
import {shellQuote} from '../../text/shell-quote.ts';
import {type Answer, type HostBox, type HostFacts, isKnown, type Unknown} from './facts.ts';
import {type ImageThere, judgeGpus, judgeLock} from './judge.ts';
import {tooLate, whyNot} from './why-not.ts';

/** Milliseconds that a machine has for its answers. */
const hostLimitMs = 3000;

export type AskOptions = {
	signal: AbortSignal;
	/** Of the project that one stands in. */
	lock?: Lock | undefined;
	limitMs?: number;
};

/** All machines at the same time, in the order of `names`. Never throws for a machine; throws the signal's reason. */
export function askHosts(names: readonly string[], options: AskOptions): Promise<HostFacts[]> {
	return Promise.all(names.map((name) => askHost(name, options)));
}

/** One machine, by a name of the setting `hosts`. @throws only the signal's reason */
export async function askHost(name: string, options: AskOptions): Promise<HostFacts> {
	const address = findListedHost(process.env, homeFolder(process.env), name);
	const askedAt = Date.now();
	let host: Host;
	let url: string;
	try {
		await askForwarded(address, options.signal);
		host = openHost({host: address, quiet: true});
		url = findEngineAddress(process.env, homeFolder(process.env), address).url;
	} catch (error) {
		if (!(error instanceof Failure)) {
			throw error;
		}

		const unknown = {why: error.message.replace(/\.$/, ''), fix: error.fix};
		return {
			name,
			address,
			askedAt,
			gpus: unknown,
			boxes: unknown,
			disk: unknown,
			lock: options.lock === undefined ? undefined : unknown,
		};
	}

	return {...(await askOpened(asLoggedIn(host, url), {name, url}, options)), name, address, askedAt};
}

/** The same of a host that is open already, such as a demo host. @throws only the signal's reason */
export async function askOpenHost(host: Host, name: string, options: AskOptions): Promise<HostFacts> {
	const {address} = host.engine;
	return {name, address, askedAt: Date.now(), ...(await askOpened(host, {name, url: address}, options))};
}

/** Over ssh the caller's boxes are those of the account there. */
function asLoggedIn(host: Host, url: string): Host {
	const username = url.startsWith('ssh://') && URL.canParse(url) ? new URL(url).username : '';
	return username === '' ? host : {...host, person: {...host.person, name: username}};
}

async function askOpened(
	host: Host,
	{name, url}: {name: string; url: string},
	{signal, lock, limitMs = hostLimitMs}: AskOptions,
): Promise<Pick<HostFacts, 'gpus' | 'boxes' | 'disk' | 'lock'>> {
	const limit = AbortSignal.timeout(limitMs);
	const within = AbortSignal.any([signal, limit]);
	const ssh = url.startsWith('ssh://') ? new URL(url) : undefined;
	const shown = ssh?.hostname ?? name;
	const ask = <T>(work: Promise<T>) => answerOf(work, {signal, limit, late: tooLate(limitMs), name: shown});

	const info = ask(host.engine.info(within));
	const boxes = ask(listBoxes(host, within));
	const driver: Promise<Answer<Driver>> =
		ssh === undefined && !host.engine.local
			? Promise.resolve({why: 'not known over tcp', fix: unknownGpus(url).fix})
			: ask(askDriver(host, within));
	const disk =
		ssh === undefined
			? info.then((answer) => (isKnown(answer) ? askDisk(host, answer.value, ask) : answer))
			: ask(freeDiskOverSsh(ssh, within)).then(diskAnswer);
	const image =
		lock && info.then((answer) => (isKnown(answer) ? ask(askImage(host, answer.value, lock, within)) : answer));

	const [boxAnswer, driverAnswer, freeDisk, imageAnswer] = await Promise.all([boxes, driver, disk, image]);
	const listed = isKnown(boxAnswer) ? boxAnswer.value : undefined;
	const gpus = isKnown(driverAnswer)
		? judgeGpus(driverAnswer.value.inventory, driverAnswer.value.processes, listed, {name: shown, now: new Date()})
		: driverAnswer;
	return {
		gpus,
		boxes: isKnown(boxAnswer) ? {value: ownBoxes(boxAnswer.value)} : boxAnswer,
		disk: freeDisk,
		lock: lock && imageAnswer ? judgeAnswers(lock, gpus, imageAnswer) : undefined,
	};
}

function judgeAnswers(lock: Lock, gpus: HostFacts['gpus'], image: Answer<ImageThere>): HostFacts['lock'] {
	return isKnown(image) || isKnown(gpus) ? {value: judgeLock(lock, gpus, image)} : image;
}

function ownBoxes(boxes: readonly Box[]): HostBox[] {
	return boxes.filter(({mine}) => mine).map(({name, state, job}) => ({name, state, job: job !== undefined}));
}

type Driver = {
	inventory: Awaited<ReturnType<typeof readGpuFacts>>;
	processes: Awaited<ReturnType<typeof readProcesses>>;
};

async function askDriver({nvidiaSmi}: Host, signal: AbortSignal): Promise<Driver> {
	const [inventory, processes] = await Promise.all([
		readGpuFacts(nvidiaSmi, {signal}),
		readProcesses(nvidiaSmi, {signal}),
	]);
	return {inventory, processes};
}

type Ask = <T>(work: Promise<T>) => Promise<Answer<T>>;

async function askDisk({engine}: Host, {rootDirectory}: EngineInfo, ask: Ask): Promise<Answer<number>> {
	return engine.local ? diskAnswer(await ask(readFreeDisk(rootDirectory))) : {why: 'not known over tcp', fix: ''};
}

function diskAnswer(answer: Answer<number | null>): Answer<number> {
	if (!isKnown(answer)) {
		return answer;
	}

	const {value} = answer;
	return value === null ? {why: 'where the engine keeps images cannot be read', fix: ''} : {value};
}

/**
In one login with the question where the engine keeps images. As POSIX has `df`, in blocks of 1024 bytes.

@returns null where it cannot be read
@throws Failure where ssh did not get there
*/
async function freeDiskOverSsh(ssh: URL, signal: AbortSignal): Promise<number | null> {
	const script = 'folder=$(docker info --format "{{.DockerRootDir}}") && LC_ALL=C exec df -Pk -- "$folder"';
	const {code, stdout, stderr} = await runOverSsh(ssh, `sh -c ${shellQuote(script)}`, signal);
	if (code === 255 || code === null) {
		throw new Failure(stderr);
	}

	return code === 0 ? parseDf(stdout) : null;
}

/** The bytes that `df -Pk` says are available; null when it does not say. */
export function parseDf(text: string): number | null {
	const blocks = /^.*?\s\d+\s+\d+\s+(\d+)\s+\d+%\s/m.exec(text.split('\n').slice(1).join('\n'))?.[1];
	return blocks === undefined ? null : Number(blocks) * 1024;
}

/** Whether the machine has the image of a lock, and if not whether its registry does: the engine there asks it. */
async function askImage(
	{engine}: Host,
	{architecture}: EngineInfo,
	{image}: Lock,
	signal: AbortSignal,
): Promise<ImageThere> {
	const pinned = pinnedReference(image);
	const names = pinned === image.reference ? [pinned] : [pinned, image.reference];
	const found = await Promise.all(names.map((each) => engine.inspectImage(each, signal)));
	if (found.some((each) => each !== undefined && hashRootfs(each.layers) === image.rootfs)) {
		return {architecture, here: true};
	}

	if (image.digest === null) {
		return {architecture, here: false, registry: 'none'};
	}

	try {
		const digest = await engine.registryDigest(pinned, signal);
		return {architecture, here: false, registry: digest === undefined ? 'has-not' : 'has-it'};
	} catch (error) {
		if (error instanceof EngineError) {
			return {architecture, here: false, registry: 'unknown'};
		}

		throw error;
	}
}

/** What `work` answers in time, or why it does not. Nothing is waited for once the time is up. */
async function answerOf<T>(
	work: Promise<T>,
	{signal, limit, late, name}: {signal: AbortSignal; limit: AbortSignal; late: Unknown; name: string},
): Promise<Answer<T>> {
	const {promise: timeUp, resolve} = Promise.withResolvers<'late'>();
	const onLimit = () => resolve('late');
	limit.addEventListener('abort', onLimit);
	signal.addEventListener('abort', onLimit);
	try {
		const first = await Promise.race([work.then((value) => ({value})), timeUp]);
		signal.throwIfAborted();
		return first === 'late' ? late : first;
	} catch (error) {
		signal.throwIfAborted();
		if (limit.aborted) {
			return late;
		}

		if (error instanceof EngineError) {
			return error.code === 'failed' || error.fix
				? {why: error.message, fix: error.fix ?? ''}
				: whyNot(error.message, name);
		}

		if (error instanceof Failure) {
			return error.fix ? {why: error.message.replace(/\.$/, ''), fix: error.fix} : whyNot(error.message, name);
		}

		throw error;
	} finally {
		limit.removeEventListener('abort', onLimit);
		signal.removeEventListener('abort', onLimit);
	}
}
