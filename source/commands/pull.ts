import {freeDiskOf, loadCatalogue} from '../app/images/local-images.ts';
import {nameSimilarImages} from '../app/images/missing-image.ts';
import {loadReadableSettings} from '../app/load-settings.ts';
import {exitCode, Failure} from '../base/failure.ts';
import {openHost} from '../host/open-host.ts';
import {judgeDisk} from '../image/pull/disk.ts';
import {pullImage} from '../image/pull/pull.ts';
import {summarizePull} from '../image/pull/pull-progress.ts';
import {parseReference} from '../image/reference.ts';
import {formatBytes} from '../text/bytes.ts';
import {safeText} from '../text/safe.ts';
import {printJson} from './output/json.ts';
import {makePullReporter} from './output/pull-progress.ts';
import {tellTrouble} from './output/tell-trouble.ts';

type Options = {host?: string | undefined; force?: true | undefined; json?: true | undefined};

/**
Pulls an image with its progress on stderr; stdout gets the name of the image, for a script.

@throws Failure: no reference (usage), not enough disk space (the image does not fit); EngineError
*/
export async function pull(reference: string, options: Options, signal: AbortSignal): Promise<void> {
	const name = safeText(reference);
	if (parseReference(reference) === undefined) {
		throw new Failure(`Invalid image name: "${name}".`, {
			fix: 'Use a name such as pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime. Known images: gpubox images --all',
			exitCode: exitCode.usage,
		});
	}

	const host = openHost(options);
	const {settings, winners} = await loadReadableSettings('.', {needs: 'personal', onTrouble: tellTrouble});
	const [info, there, catalogue] = await Promise.all([
		host.engine.info(signal),
		host.engine.inspectImage(reference, signal),
		loadCatalogue(winners),
	]);
	const downloadBytes = catalogue.find(reference)?.downloadBytes ?? null;
	// A local image shares most layers with a newer build of it, so the estimate would be far off.
	const tight = there ? undefined : judgeDisk(downloadBytes, await freeDiskOf(host, info));
	if (tight && !options.force) {
		throw new Failure(`${name} does not fit. ${tight.message}`, {
			fix: `${tight.fix} \`--force\` pulls it anyway.`,
			exitCode: exitCode.imageDoesNotFit,
		});
	}

	const reporter = makePullReporter(process.stderr, `Pulling ${name}`, downloadBytes);
	const start = performance.now();
	try {
		await pullImage(host.engine, reference, {
			registryMirror: settings.build?.registryMirror,
			signal,
			onProgress: reporter.onProgress,
			onRetry: reporter.say,
			onNote: reporter.say,
		});
	} catch (error) {
		signal.throwIfAborted();
		throw nameSimilarImages(error, reference, catalogue);
	} finally {
		reporter.end();
	}

	const {receivedBytes} = summarizePull(reporter.state(), performance.now());
	const seconds = Math.max(1, Math.round((performance.now() - start) / 1000));
	process.stderr.write(
		receivedBytes === 0
			? `${name} is up to date.\n`
			: `Pulled ${name}: ${formatBytes(receivedBytes)} in ${seconds} s.\n`,
	);
	if (options.json) {
		const pulled = await host.engine.inspectImage(reference, signal);
		printJson({reference: name, id: pulled?.id ?? null, receivedBytes, seconds});
	} else {
		process.stdout.write(`${name}\n`);
	}
}
