/**
The bill of materials of the package in CycloneDX JSON (https://cyclonedx.org/docs/1.6/json/): what the bundle is made of, with versions,
licenses and the digests of package-lock.json. `npm sbom` knows only what package.json depends on, which is nothing: all of it is bundled.

	npm run sbom    builds, and prints dist/SBOM.cdx.json
*/
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join, relative} from 'node:path';

/**
@param {string} root gpubox's own folder
@param {{packages: string[], facts: {commit?: string, time?: string, digest: string}}} contents the folders of the bundled packages, as
bundledPackages gives them; what buildFacts says
@throws Error when package-lock.json does not have a package
*/
export function sbomOf(root, {packages, facts}) {
	const {name, version, license} = readJson(join(root, 'package.json'));
	const locked = readJson(join(root, 'package-lock.json')).packages;
	const paths = packages.map((folder) => {
		const path = relative(root, folder);
		// node_modules may be a link to that of another clone.
		return path.startsWith('..') ? folder.slice(folder.indexOf('node_modules/')) : path;
	});
	const components = new Map(paths.map((path) => [path, componentOf(root, path, locked[path])]));
	const own = {
		type: 'application',
		'bom-ref': purlOf(name, version),
		name,
		version,
		licenses: licensesOf(license),
		purl: purlOf(name, version),
		properties: [
			...(facts.commit === undefined ? [] : [{name: 'gpubox:commit', value: facts.commit}]),
			{name: 'gpubox:build', value: facts.digest},
		],
	};
	// A second copy of the same version is the same component.
	const unique = new Map([...components.values()].map((component) => [component['bom-ref'], component]));
	const dependsOn = new Map([...unique.keys()].map((ref) => [ref, new Set()]));
	for (const [path, component] of components) {
		for (const needed of Object.keys(locked[path].dependencies ?? {})) {
			const found = components.get(nearest(path, needed, locked));
			if (found !== undefined) {
				dependsOn.get(component['bom-ref']).add(found['bom-ref']);
			}
		}
	}

	return written({
		$schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
		bomFormat: 'CycloneDX',
		specVersion: '1.6',
		version: 1,
		metadata: {
			...(facts.time === undefined ? {} : {timestamp: facts.time}),
			lifecycles: [{phase: 'build'}],
			component: own,
		},
		components: [...unique.values()],
		dependencies: [
			{ref: own['bom-ref'], dependsOn: [...unique.keys()]},
			...[...dependsOn].map(([ref, needed]) => ({ref, dependsOn: [...needed].sort()})),
		],
	});
}

/**
The bill of materials of an executable.

@param {string} text that of the package
@param {{platform: string, version: string, parts: Record<string, string>}} node the Node in it, and the versions of what that is made
of, as process.versions has them; none where it cannot be asked
*/
export function withNode(text, {platform, version, parts}) {
	const {
		serialNumber: _,
		components,
		dependencies: [own, ...rest],
		...content
	} = JSON.parse(text);
	const purl = purlOf(`node-${platform}`, version);
	const node = {
		type: 'platform',
		'bom-ref': purl,
		name: 'node',
		version,
		licenses: [{license: {id: 'MIT'}}],
		purl,
		externalReferences: [{type: 'vcs', url: 'https://github.com/nodejs/node'}],
		components: Object.entries(parts)
			// Its own version once more, and those of its interfaces.
			.filter(([part]) => !['node', 'modules', 'napi'].includes(part))
			.sort(([one], [other]) => (one < other ? -1 : 1))
			.map(([part, of]) => ({type: 'library', 'bom-ref': `${purl}#${part}`, name: part, version: of})),
	};
	return written({
		...content,
		components: [...components, node],
		dependencies: [{...own, dependsOn: [...own.dependsOn, purl]}, ...rest, {ref: purl, dependsOn: []}],
	});
}

/** The same content has the same serial number: a UUID (version 8, RFC 9562) of its digest. */
function written(content) {
	const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex');
	const variant = ((Number.parseInt(hex[16], 16) & 3) | 8).toString(16);
	const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
	return `${JSON.stringify({...content, serialNumber: `urn:uuid:${uuid}`}, undefined, '\t')}\n`;
}

function componentOf(root, path, locked) {
	if (locked === undefined) {
		throw new Error(`${path} is in the bundle, and package-lock.json does not have it: npm install.`);
	}

	const {name, version, license, repository} = readJson(join(root, path, 'package.json'));
	const [, group, own] = /^(?:(@[^/]+)\/)?(.+)$/.exec(name);
	const source = typeof repository === 'string' ? repository : repository?.url;
	return {
		type: 'library',
		'bom-ref': purlOf(name, version),
		...(group === undefined ? {} : {group}),
		name: own,
		version,
		hashes: [hashOf(locked.integrity)],
		licenses: licensesOf(license),
		purl: purlOf(name, version),
		...(/^(git\+)?https?:/.test(source ?? '') ? {externalReferences: [{type: 'vcs', url: source}]} : {}),
	};
}

/** Where Node's resolution finds a package from another: in the innermost node_modules that has it. */
function nearest(from, name, locked) {
	for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
		const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
		if (folder === '' || locked[path] !== undefined) {
			return path;
		}
	}
}

/** https://github.com/package-url/purl-spec: the @ of a scope is encoded. */
function purlOf(name, version) {
	return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

/** One SPDX identifier, or an expression of several. */
function licensesOf(license) {
	return [/^[\w.+-]+$/.test(license) ? {license: {id: license}} : {expression: license}];
}

/** "sha512-BASE64" as CycloneDX has it. */
function hashOf(integrity) {
	const [, bits, digest] = /^sha(\d+)-(.+)$/.exec(integrity);
	return {alg: bits === '1' ? 'SHA-1' : `SHA-${bits}`, content: Buffer.from(digest, 'base64').toString('hex')};
}

function readJson(path) {
	return JSON.parse(readFileSync(path, 'utf8'));
}
