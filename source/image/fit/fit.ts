import {compareVersions, minorNumber, parseVersion} from '../../text/compare-versions.ts';
import {safeText} from '../../text/safe.ts';
import type {FitFacts, GpuVerdict, ImageFacts, JudgedGpu, Judgement, Note, Reason, Verdict} from '../image.ts';
import {judgeDisk} from '../pull/disk.ts';
import {judgeArchitecture} from './architecture.ts';
import {type Driver, type ImageCuda, readDriver, readImageCuda} from './driver-facts.ts';
import {judgeCode} from './fit-code.ts';
import {type DriverAnswer, judgeDriver} from './fit-driver.ts';
import {otherHookReasons} from './fit-injection.ts';

type CardAnswer = {fits: Verdict; reasons: Reason[]; notes: Note[]};

function worst(a: Verdict, b: Verdict): Verdict {
	return a === false || b === false ? false : a === true ? b : a;
}

/** What the judge looks at in an image apart from its processor and its size; many entries of a catalogue share it. */
function buildOf(image: ImageFacts): string {
	const {cuda, cpuOnly, setsNvidiaRequireCuda, requireCuda, hasCompatLibs, minDriver, minComputeCapability} = image;
	return `${minorNumber(cuda)}|${cpuOnly}|${setsNvidiaRequireCuda}|${requireCuda}|${hasCompatLibs}|${minDriver}|${minComputeCapability}|${image.computeCapabilities}|${image.ptx}|${image.otherRequirements}|${image.badCudaVersion}`;
}

function judgeCard(
	gpu: JudgedGpu,
	image: ImageFacts,
	cuda: ImageCuda | undefined,
	byDriver: DriverAnswer | undefined,
	driver: Driver,
): CardAnswer {
	if (image.cpuOnly) {
		const reason: Reason = {
			code: 'no-cuda',
			message: 'It has no CUDA, so it cannot use a GPU.',
			fix: 'Choose an image with CUDA, or start a box without GPUs: `--gpus none`.',
		};
		return {fits: false, reasons: [reason], notes: []};
	}

	const answer: CardAnswer = {fits: true, reasons: [], notes: []};
	const add = (fits: Verdict, reasons: readonly Reason[], notes: readonly Note[] = []) => {
		answer.fits = worst(answer.fits, fits);
		answer.reasons.push(...reasons);
		answer.notes.push(...notes);
	};

	let jit: Verdict = 'unknown';
	if (byDriver === undefined) {
		add('unknown', [
			{
				code: 'unknown-cuda',
				message: 'The image does not say which CUDA version it has.',
				fix: 'Try it with `gpubox check`, or set its `cuda` in an entry of your own under `images`.',
			},
		]);
	} else {
		jit = byDriver.jit;
		add(byDriver.fits, byDriver.reasons, byDriver.notes);
	}

	for (const {fits, reason} of otherHookReasons(driver, image, gpu.class, parseVersion(gpu.computeCapability))) {
		add(fits, [reason]);
	}

	const minimum = parseVersion(image.minDriver);
	if (minimum && driver.version && compareVersions(driver.version, minimum) < 0) {
		add(false, [
			{
				code: 'driver-too-old',
				message: `It requires NVIDIA driver ${safeText(image.minDriver ?? '')} or newer; this host has an older one.`,
				fix: `Install NVIDIA driver ${safeText(image.minDriver ?? '')} or newer, or choose another image.`,
			},
		]);
	}

	// Without its CUDA, only a list of what it was compiled for tells anything about a card.
	if (cuda !== undefined || image.computeCapabilities !== null) {
		const code = judgeCode(gpu, image, cuda, jit);
		add(code.fits, code.reason ? [code.reason] : [], code.note === undefined ? [] : [code.note]);
	}

	return answer;
}

type CardsAnswer = CardAnswer & {perGpu: GpuVerdict[]};

function judgeCards(
	gpus: readonly JudgedGpu[],
	image: ImageFacts,
	cuda: ImageCuda | undefined,
	driver: Driver,
): CardsAnswer {
	// Cards of one kind get one answer, worked out once.
	const kinds = new Map<string, {answer: CardAnswer; gpus: JudgedGpu[]}>();
	const perGpu: GpuVerdict[] = [];
	// What the driver makes of the image depends on the product line, seldom on the card.
	const byLine = new Map<string, DriverAnswer>();
	const askDriver = (gpu: JudgedGpu): DriverAnswer | undefined => {
		if (cuda === undefined) {
			return undefined;
		}

		const key = cuda.asksForCapability ? `${gpu.class} ${gpu.computeCapability}` : String(gpu.class);
		const answer = byLine.get(key) ?? judgeDriver(driver, cuda, gpu.class, parseVersion(gpu.computeCapability));
		byLine.set(key, answer);
		return answer;
	};

	for (const gpu of gpus) {
		const key = `${gpu.computeCapability}\n${gpu.class}\n${gpu.name}`;
		let kind = kinds.get(key);
		if (kind === undefined) {
			kind = {answer: judgeCard(gpu, image, cuda, askDriver(gpu), driver), gpus: []};
			kinds.set(key, kind);
		}

		kind.gpus.push(gpu);
		perGpu.push({
			uuid: gpu.uuid,
			index: gpu.index,
			name: gpu.name,
			fits: kind.answer.fits,
			reasons: kind.answer.reasons,
		});
	}

	// A reason that all cards share is said once; one of some cards says which.
	let fits: Verdict = true;
	const notes = new Map<string, Note>();
	const said = new Map<string, {reason: Reason; gpus: JudgedGpu[]}>();
	for (const {answer, gpus: same} of kinds.values()) {
		fits = worst(fits, answer.fits);
		for (const note of answer.notes) {
			notes.set(note.message, note);
		}

		for (const reason of answer.reasons) {
			const known = said.get(reason.message);
			if (known) {
				known.gpus.push(...same);
			} else {
				said.set(reason.message, {reason, gpus: [...same]});
			}
		}
	}

	const reasons = [...said.values()].map(({reason, gpus: which}) =>
		which.length === gpus.length
			? reason
			: {...reason, message: `GPU ${which.map(({index}) => index).join(', ')}: ${reason.message}`},
	);
	return {fits, perGpu, reasons, notes: [...notes.values()]};
}

const onProcessor: Note = {code: 'no-gpu', message: 'No GPU requested: it runs on the CPU.'};

/** Judges one image after the other against the same facts. `local`: the engine has it already, no room is needed. */
export type Judge = (image: ImageFacts, options?: {local?: boolean}) => Judgement;

/**
The judge: whether an image runs on these GPUs, this driver, this machine and this engine, with the reasons in words.
Pure; never throws, whatever the strings say. The rules and their sources are in docs/images.md.

It fits when **every** GPU in `facts.gpus` can use it, so `facts.gpus` must be those that the box would get. Two laws
ask for this reading. Adding a GPU never turns an unfit image fit: "one card is enough" would break that at once (a GTX
1080 alone cannot run a CUDA 13 image; beside an RTX 5090 it still cannot). And with no GPU there is nothing that
cannot use the image: it fits, on the processor. On a mixed host `perGpu` answers for each card, and choosing the cards
that can use it and judging again is how an image is given to some of them only (suggest.ts does that).

The other law, that a newer driver never turns a fitting image unfit, holds because NVIDIA's lists of driver branches
(forward compatibility, NVIDIA_REQUIRE_CUDA) can only say yes here: a branch that is not listed, but newer than one that
is, gives `unknown`. And a card that the driver lists is one that it knows: no table of minimum drivers for each card
is held against it.
*/
export function makeJudge(facts: FitFacts): Judge {
	const driver = readDriver(facts);
	const answers = new Map<string, CardsAnswer>();
	return (image, {local = false} = {}) => {
		const build = buildOf(image);
		let cards = answers.get(build);
		if (cards === undefined) {
			cards = judgeCards(facts.gpus, image, readImageCuda(image), driver);
			answers.set(build, cards);
		}

		let host: Verdict = true;
		const reasons: Reason[] = [];
		const architecture = judgeArchitecture(facts.architecture, image);
		if (architecture) {
			host = architecture.fits;
			reasons.push(architecture.reason);
		}

		if (facts.gpus.length > 0 && facts.engine.injection === 'none' && !image.cpuOnly) {
			host = false;
			reasons.push({
				code: 'no-gpu-runtime',
				message: 'The container engine cannot provide GPUs to a container.',
				fix: 'Install the NVIDIA Container Toolkit, then: `sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker`.',
			});
		}

		const disk = local ? undefined : judgeDisk(image.downloadBytes, facts.freeDiskBytes);
		if (disk) {
			host = false;
			reasons.push(disk);
		}

		const fits = worst(host, cards.fits);

		const notes = facts.gpus.length === 0 && !image.cpuOnly ? [onProcessor] : cards.notes;
		return {
			fits,
			perGpu: cards.perGpu,
			usable: host === true ? cards.perGpu.filter((gpu) => gpu.fits === true).map(({uuid}) => uuid) : [],
			reasons: [...reasons, ...cards.reasons],
			notes: fits === true ? [...notes] : [],
		};
	};
}

/** The judge on one image; see makeJudge. */
export function judge(facts: FitFacts, image: ImageFacts, options?: {local?: boolean}): Judgement {
	return makeJudge(facts)(image, options);
}
