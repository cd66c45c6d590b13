import type {Image} from '../../../engine/engine.ts';
import type {Host} from '../../../host/host.ts';
import {pullImage} from '../../../image/pull/pull.ts';
import type {BoxRequest, OwnServer} from '../../plan/types.ts';
import type {ChosenImage, UpOptions} from '../types.ts';
import {
	type Derived,
	derivedReference,
	ensureDerivedImage,
	type Layer,
	packageLayer,
	serviceLayer,
} from './build-layers.ts';

type Options = Pick<UpOptions, 'settings' | 'signal' | 'report'>;

type DeriveOptions = Options & {
	/** Of Docker's own configuration. */
	proxies: Record<string, string> | undefined;
	/** Nothing is built. */
	dryRun?: boolean;
	/** Build the layers again, even if they are there. */
	fresh?: boolean;
};

/** The image as the engine has it, by its digest where it is locked; pulled when it is missing. @throws Failure, EngineError */
export async function pullChosen(
	{engine}: Pick<Host, 'engine'>,
	{reference, pin}: Pick<ChosenImage, 'reference' | 'pin'>,
	{settings, signal, report}: Options,
): Promise<Image | undefined> {
	const exact = pin?.reference ?? reference;
	await pullImage(engine, exact, {
		registryMirror: settings.registryMirror,
		signal,
		onProgress: (progress) => report({kind: 'pull', image: reference, progress}),
		onRetry: (text) => report({kind: 'note', text}),
		onNote: (text) => report({kind: 'note', text}),
	});
	return engine.inspectImage(exact, signal);
}

/** What gpubox puts on an image for a request, the lowest first. */
export function layersFor(
	{services, packages}: Pick<BoxRequest, 'services' | 'packages'>,
	{provides, pin}: Pick<ChosenImage, 'provides' | 'pin'>,
	ownServer?: OwnServer,
): Layer[] {
	const complete = ownServer !== undefined || services.every((service) => provides.includes(service));
	return [...(complete ? [] : [serviceLayer(pin)]), ...(packages ? [packageLayer(packages, pin)] : [])];
}

/**
Adds the layers one on top of the other. The name of each is a hash of all that is below it.

@returns what to start: the image itself when there are no layers
@throws Failure with the end of the build's output; EngineError
*/
export async function derive(
	host: Pick<Host, 'engine'>,
	baseId: string,
	{reference, pin}: Pick<ChosenImage, 'reference' | 'pin'>,
	layers: Layer[],
	options: DeriveOptions,
): Promise<Derived> {
	let id = baseId;
	let derived: Derived = {name: pin?.reference ?? reference, id: baseId};
	for (const layer of layers) {
		const say = (line: string) => options.report({kind: 'build', image: reference, doing: layer.doing, line});
		derived = options.dryRun
			? {name: derivedReference({id}, reference, layer.files, options.settings)}
			: await ensureDerivedImage(host.engine, {id}, reference, layer, {
					settings: options.settings,
					proxies: options.proxies,
					fresh: options.fresh,
					originId: baseId,
					onStart: () => say(''),
					onLine: say,
					onNote: (text) => options.report({kind: 'note', text}),
					signal: options.signal,
				});
		id = derived.name;
	}

	return derived;
}

/** The names that `derive` gives, the lowest first. Pure. */
export function layerNames(
	baseId: string,
	reference: string,
	layers: Layer[],
	settings: Options['settings'],
): string[] {
	let id = baseId;
	return layers.map(({files}) => {
		id = derivedReference({id}, reference, files, settings);
		return id;
	});
}
