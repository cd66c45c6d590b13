import type {checkHostFor} from '../../app/check-host.ts';
import type {keepHistory} from '../../app/history/keep-history.ts';
import type {HostWatch} from '../../app/hosts/watch.ts';
import type {IdleLimits} from '../../app/idle-limits.ts';
import type {imagesHere, pullHere} from '../../app/images/image-choices.ts';
import type {measureDisk} from '../../app/images/measure-disk.ts';
import type {changeOwnSetting, listOwnSettings} from '../../app/own-settings.ts';
import type {RunElsewhere} from '../../app/runs/elsewhere.ts';
import type {endOfRun} from '../../app/runs/ended.ts';
import type {sessionSettings} from '../../app/session-settings.ts';
import type {OtherFolder} from '../../app/setup/other-folder.ts';
import type {SetupOptions} from '../../app/setup/setup.ts';
import type {findProcess, SignalledProcess, SignalOutcome} from '../../app/signal-process.ts';
import type {upHere} from '../../app/up.ts';
import type {Box} from '../../box/box.ts';
import type {readProcessLoad} from '../../gpu/process-load.ts';
import type {Host} from '../../host/host.ts';

/** What the session does with functions that the verbs call too. */
export type UseCases = {
	up: typeof upHere;
	images: typeof imagesHere;
	pull: typeof pullHere;
	setup: (host: Host, folder: string) => Promise<SetupOptions>;
	otherFolder: (host: Host) => Promise<OtherFolder>;
	endOfRun: typeof endOfRun;
	/** Settles when the signal aborts. */
	keepHistory: typeof keepHistory;
	disk: typeof measureDisk;
	checkHost: typeof checkHostFor;
	listSettings: typeof listOwnSettings;
	changeSetting: typeof changeOwnSetting;
	sessionSettings: typeof sessionSettings;
	findProcess: typeof findProcess;
	signalProcess: (host: Host, process: SignalledProcess, name: 'SIGTERM' | 'SIGKILL') => Promise<SignalOutcome>;
	/** How busy processes keep their GPUs. */
	processLoad: typeof readProcessLoad;
	/** After how long an idle box is marked. */
	idleLimits: (box: Box) => Promise<IdleLimits>;
	/** Settles when the signal of the watch aborts. */
	hosts: (host: Host, watch: HostWatch) => Promise<void>;
	/** @param readOnly asks no host and writes nothing */
	runsElsewhere: (host: Host, signal: AbortSignal, readOnly: boolean) => Promise<readonly RunElsewhere[]>;
};

/** Each is loaded when it is first called: none is needed for the first frame. */
export const ownUseCases: UseCases = {
	async up(host, wish) {
		const {upHere} = await import('../../app/up.ts');
		return upHere(host, wish);
	},
	async images(host, signal) {
		const {imagesHere} = await import('../../app/images/image-choices.ts');
		return imagesHere(host, signal);
	},
	async pull(host, reference, options) {
		const {pullHere} = await import('../../app/images/image-choices.ts');
		await pullHere(host, reference, options);
	},
	async setup(host, folder) {
		const {setupHere} = await import('../../app/setup/setup.ts');
		return setupHere(host, folder);
	},
	async otherFolder(host) {
		const {otherFolder} = await import('../../app/setup/other-folder.ts');
		return otherFolder(host);
	},
	async hosts(_, watch) {
		const {watchHosts} = await import('../../app/hosts/watch.ts');
		await watchHosts(watch);
	},
	async runsElsewhere(host, signal, readOnly) {
		const {askElsewhere, lastToldElsewhere} = await import('../../app/runs/elsewhere.ts');
		return readOnly ? lastToldElsewhere(host) : (await askElsewhere(host, signal)).runs;
	},
	async keepHistory(...options) {
		const {keepHistory} = await import('../../app/history/keep-history.ts');
		await keepHistory(...options);
	},
	async findProcess(host, listed) {
		const {findProcess} = await import('../../app/signal-process.ts');
		return findProcess(host, listed);
	},
	async signalProcess(_, process, name) {
		const {signalProcess} = await import('../../app/signal-process.ts');
		return signalProcess(process, name);
	},
	async processLoad(...options) {
		const {readProcessLoad} = await import('../../gpu/process-load.ts');
		return readProcessLoad(...options);
	},
	async idleLimits(box) {
		const {idleLimits} = await import('../../app/idle-limits.ts');
		return idleLimits(box);
	},
	async checkHost(...options) {
		const {checkHostFor} = await import('../../app/check-host.ts');
		return checkHostFor(...options);
	},
	async listSettings() {
		const {listOwnSettings} = await import('../../app/own-settings.ts');
		return listOwnSettings();
	},
	async changeSetting(...options) {
		const {changeSetting} = await import('./own/change-setting.ts');
		await changeSetting(...options);
	},
	async sessionSettings() {
		const {sessionSettings} = await import('../../app/session-settings.ts');
		return sessionSettings();
	},
	async disk(host, signal) {
		const {measureDisk} = await import('../../app/images/measure-disk.ts');
		return measureDisk(host, signal);
	},
	async endOfRun(...options) {
		const {endOfRun} = await import('../../app/runs/ended.ts');
		return endOfRun(...options);
	},
};
