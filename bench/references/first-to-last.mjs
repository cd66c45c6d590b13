// Reads stdin to its end as fast as it comes and prints the milliseconds between the first byte and the last, and the number of bytes.
let first;
let last;
let bytes = 0;
process.stdin.on('data', (chunk) => {
	last = performance.now();
	first ??= last;
	bytes += chunk.length;
});
process.stdin.on('end', () => {
	process.stdout.write(JSON.stringify({milliseconds: last - first, bytes}));
});
