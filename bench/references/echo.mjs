/** The least that a program can do about a key: it says how many there were. */
let keys = 0;
const print = () => process.stdout.write(`\u001B[H${keys} keys`);
process.stdin.setRawMode(true);
process.stdin.on('data', () => {
	keys++;
	print();
});
print();
