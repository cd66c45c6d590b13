import {layOutTable} from '../../text/layout/table.ts';
import {safeText} from '../../text/safe.ts';

export type PrintOptions = {
	wide?: true | undefined;
	/** Titles of columns that a narrow terminal does without, the least important one first. */
	optional?: readonly string[];
	/** The call that shows everything: `gpubox ls --wide`. */
	whole: string;
};

/** A table that fits the terminal, with a line that says how to see what does not. Cells may hold foreign text. */
export async function tableFor(heads: string[], rows: string[][], options: PrintOptions): Promise<string> {
	const {isTTY, columns} = process.stdout;
	const cells = rows.map((row) => row.map(safeText));
	const {text, cut, omitted} = await layOutTable(heads, cells, {
		wide: options.wide,
		optional: options.optional,
		columns: isTTY && columns > 0 ? columns : undefined,
	});
	if (!isTTY || (!cut && omitted.length === 0)) {
		return text;
	}

	const without = omitted.length === 0 ? '' : `Not shown: ${omitted.join(', ')}. `;
	return `${text}\n${without}To see all: ${options.whole}`;
}
