/** Writes the error texts that gpubox knows into docs/troubleshooting.md. */
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {buildRemedies, type Remedy} from '../source/host/remedies.ts';

export const page = fileURLToPath(new URL('../docs/troubleshooting.md', import.meta.url));

const headings: Array<[heading: string, layers: Array<Remedy['layer']>]> = [
	['The driver', ['module', 'driver', 'nvidia-smi']],
	['GPUs in containers', ['toolkit', 'container-gpu']],
	['Images', ['image']],
	['Registries', ['dns', 'registry']],
	['Inside a box', ['box']],
	['While a layer is built', ['build']],
];

function renderRemedy({example, meaning, fix}: Remedy): string {
	return `\`\`\`text\n${example}\n\`\`\`\n\n${meaning}\n\n→ ${fix}\n`;
}

/** The page with the list as it has to be now. */
export function renderPage(before: string): string {
	const list = headings.flatMap(([heading, layers]) => [
		`### ${heading}\n`,
		...buildRemedies.filter(({layer}) => layers.includes(layer)).map(renderRemedy),
	]);
	return before.replace(
		/(<!-- Written by [^\n]*\n).*(<!-- End of what)/s,
		(_, start: string, end: string) => `${start}\n${list.join('\n')}\n${end}`,
	);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	writeFileSync(page, renderPage(readFileSync(page, 'utf8')));
}
