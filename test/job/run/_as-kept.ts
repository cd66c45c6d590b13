/** Output as the engine keeps it: lines in pieces, of each piece what is text. Each byte that is no part of a character is replaced by itself. */
export function asKept(printed: Buffer, pieceBytes = 16 * 1024): Buffer {
	const pieces: Buffer[] = [];
	for (let start = 0; start < printed.length; ) {
		const line = printed.indexOf('\n', start) + 1 || printed.length;
		const end = Math.min(line, start + pieceBytes);
		pieces.push(asText(printed.subarray(start, end)));
		start = end;
	}

	return Buffer.concat(pieces);
}

function asText(piece: Buffer): Buffer {
	const characters: Buffer[] = [];
	for (let place = 0; place < piece.length; ) {
		const length = [1, 2, 3, 4].find((bytes) => isCharacter(piece.subarray(place, place + bytes)));
		characters.push(length === undefined ? Buffer.from('\uFFFD') : piece.subarray(place, place + length));
		place += length ?? 1;
	}

	return Buffer.concat(characters);
}

function isCharacter(bytes: Buffer): boolean {
	try {
		return [...new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)].length === 1;
	} catch {
		return false;
	}
}
