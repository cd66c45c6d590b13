import {enableCompileCache} from 'node:module';

// The reference for the session at rest: the least that Ink can do once a second, bundled in the same way.
enableCompileCache?.(`${process.env.XDG_CACHE_HOME}/tick-code`);
const {render, Text} = await import('ink');
const {exit} = process;
let seconds = 0;
const app = render(<Text>0 seconds</Text>, {alternateScreen: true, incrementalRendering: true, exitOnCtrlC: false});
process.on('SIGTERM', () => exit(0));
setInterval(() => {
	seconds++;
	app.rerender(<Text>{seconds} seconds</Text>);
}, 1000);
await app.waitUntilExit();
