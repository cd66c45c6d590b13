/**
The licenses of what is bundled, with their texts: nearly all of them ask for that wherever a copy goes.
*/
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

/** Texts for packages that bring none, by name; each file says where its text comes from. */
const texts = (root) => join(root, 'tools/licenses');

/** What is written between two packages. */
const rule = '-'.repeat(80);

/**
The packages that modules come from, by folder, without those of gpubox itself.

@param ids of all modules that were put into the bundle
*/
export function bundledPackages(ids) {
	const folders = ids.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replaceAll('\\', '/')) ?? []);
	return [...new Set(folders)].sort();
}

/**
The text of THIRD-PARTY-NOTICES.

@param root gpubox's own folder, with a slash at its end
@param folders of the packages, as bundledPackages gives them
@throws Error when a package has no license text, or none needs one that is kept here
*/
export function noticesOf(root, folders) {
	const packages = new Map();
	const unneeded = new Set(readdirSync(texts(root)));
	for (const folder of folders) {
		const {name, version, license, repository} = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
		const own = readdirSync(folder)
			.filter((file) => /^(licen[cs]e|copying|notice)\b/i.test(file))
			.sort();
		const ours = `${name.replace('/', '+')}.txt`;
		if (own.length === 0 && !existsSync(join(texts(root), ours))) {
			throw new Error(`${name} ${version} has no license text: look for it, and put it into tools/licenses/${ours}.`);
		}

		if (own.length === 0) {
			unneeded.delete(ours);
		}

		if (typeof license !== 'string') {
			throw new Error(`${name} ${version} does not say its license in package.json.`);
		}

		const paths = own.length > 0 ? own.map((file) => join(folder, file)) : [join(texts(root), ours)];
		const source = typeof repository === 'string' ? repository : repository?.url;
		packages.set(`${name} ${version}`, {
			title: `${name} ${version} (${license})`,
			source,
			text: paths.map((path) => readFileSync(path, 'utf8').trim()).join('\n\n'),
		});
	}

	if (unneeded.size > 0) {
		const files = [...unneeded].map((file) => `tools/licenses/${file}`).join(', ');
		throw new Error(`No package needs them any more: ${files} can go.`);
	}

	const own = readFileSync(join(root, 'LICENSE'), 'utf8').trim();
	return [
		`gpubox is made of its own code and of the ${packages.size} packages below. Its own license:\n\n${own}\n`,
		...[...packages.values()].map(
			({title, source, text}) => `${rule}\n${title}\n${source === undefined ? '' : `${source}\n`}\n${text}\n`,
		),
	].join('\n');
}
