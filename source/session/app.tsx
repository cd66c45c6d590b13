import {Box, Text, useApp, useInput, usePaste, useWindowSize} from 'ink';
import {useEffect, useSyncExternalStore} from 'react';
import {keysOf} from './keymap.ts';
import {layOut, smallest} from './layout.ts';
import {HelpScreen, helpLines} from './screens/help.tsx';
import {ImagesScreen} from './screens/images.tsx';
import {MainScreen} from './screens/main.tsx';
import type {Session} from './session.ts';
import {messageLines} from './state/notices.ts';
import {panesOf, selectGpuPane} from './state/selectors.ts';

/** The root: knows the store, the size of the terminal and the one place where keys come in. */
export function App({session}: {session: Session}) {
	const {store} = session;
	const {facts, view} = useSyncExternalStore(store.subscribe, store.getSnapshot);
	const {columns, rows} = useWindowSize();
	const {exit, suspendTerminal} = useApp();
	const size = {columns, rows};
	const layout = layOut(size, {
		gpus: facts.gpu.readings.length,
		gpuProblemLines: selectGpuPane(facts, view).problems.length * 2,
		messageLines: messageLines(facts, view),
	});

	useEffect(() => {
		session.connectTerminal({exit, suspend: suspendTerminal});
	}, [session, exit, suspendTerminal]);

	useInput((input, key) => {
		for (const name of keysOf(input, key)) {
			session.press(name, {
				panes: panesOf(layout),
				logHeight: Math.max(1, layout.lowerHeight - 2),
				lastHelpTop: Math.max(0, helpLines(columns, rows - 4).length - (rows - 4)),
			});
		}
	});
	// Pasted text is no sequence of commands.
	usePaste(() => {});

	if (layout.tooSmall) {
		return (
			<Box width={columns} height={rows} overflow="hidden">
				<Text wrap="wrap">{`gpubox needs a terminal of at least ${smallest.columns}×${smallest.rows}; this one is ${columns}×${rows}. q leaves.`}</Text>
			</Box>
		);
	}

	const frame = {facts, view, size, now: session.now()};
	switch (view.screen) {
		case 'help': {
			return <HelpScreen {...frame} />;
		}

		case 'images': {
			return <ImagesScreen {...frame} />;
		}

		case 'main': {
			const offered = {demo: session.offered.demo(), images: session.offered.images};
			return <MainScreen {...frame} layout={layout} buffer={session.buffer} offered={offered} />;
		}
	}
}
