import {enableCompileCache} from 'node:module';

// The reference for the session's first frame: the least that Ink can do, bundled and cached in the same way.
enableCompileCache?.(`${process.env.XDG_CACHE_HOME}/hello-code`);
const {render, Text} = await import('ink');
const {exit} = process;
const app = render(<Text>hello from ink</Text>, {alternateScreen: true, exitOnCtrlC: false});
process.on('SIGTERM', () => exit(0));
setInterval(() => {}, 1000);
await app.waitUntilExit();
