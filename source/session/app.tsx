import {Box, Text, useApp, useInput, usePaste, useStdout, useWindowSize} from 'ink';
import {useEffect, useRef, useSyncExternalStore} from 'react';
import {type Layout, layOut, smallest} from './layout.ts';
import {isEnterable, pointAt} from './mouse/point.ts';
import {BoxScreen, lastBoxTop} from './screens/box.tsx';
import {DoctorScreen, lastDoctorTop} from './screens/doctor.tsx';
import {GpuScreen} from './screens/gpu.tsx';
import {HelpScreen, helpLines} from './screens/help.tsx';
import {ListScreen} from './screens/list.tsx';
import {LogScreen, logArea} from './screens/log.tsx';
import {MainScreen} from './screens/main.tsx';
import {MenuScreen} from './screens/menu.tsx';
import {OwnPromptScreen} from './screens/own-prompt.tsx';
import {PaletteScreen} from './screens/palette.tsx';
import {SettingScreen} from './screens/setting.tsx';
import {SetupScreen} from './screens/setup.tsx';
import {questionLines, questionRoom, TrustScreen} from './screens/trust.tsx';
import type {Measures, Session} from './session.ts';
import {panesOf} from './state/key-hints.ts';
import {keysOf} from './state/keys/key-names.ts';
import {questionScreen} from './state/question.ts';
import {messageLines} from './state/selectors.ts';
import type {SessionState} from './state/store.ts';

/** Milliseconds within which a second press at the same place is a double one. */
const doubleMs = 400;

/** The root: knows the store, the size of the terminal and the one place where keys come in. */
export function App({session}: {session: Session}) {
	const {store} = session;
	const {facts, view} = useSyncExternalStore(store.subscribe, store.getSnapshot);
	const {columns, rows} = useWindowSize();
	const {exit, suspendTerminal, waitUntilRenderFlush} = useApp();
	const {stdout} = useStdout();
	const {tour} = session;
	const tourLines = view.tour === undefined ? 0 : (tour?.lines(view.tour, {columns, rows}) ?? 0);
	const size = {columns, rows: rows - tourLines};
	const layout = layOut(size, {
		gpus: facts.gpu.readings.length,
		gpuProblemLines: facts.gpu.problems.length * 2,
		messageLines: messageLines(facts, view, columns),
	});

	useEffect(() => {
		session.connectTerminal({exit, suspend: suspendTerminal, write: (sequence) => void stdout.write(sequence)});
	}, [session, exit, suspendTerminal, stdout]);

	const lastQuestionTop = () => {
		const asked = questionScreen(store.get().view.asking);
		return asked === undefined ? 0 : Math.max(0, questionLines(asked, columns).length - questionRoom(size.rows));
	};

	const lastHelpTop = () => {
		const room = size.rows - 4;
		return Math.max(0, helpLines(facts, view, {columns, room}).length - room);
	};

	const lastTop = () =>
		view.screen === 'box'
			? lastBoxTop(facts, view, {size, now: session.now()})
			: view.screen === 'doctor'
				? lastDoctorTop(facts, view, size)
				: 0;

	const logMeasures = () => {
		const isWhole = store.get().view.screen === 'log';
		const area = isWhole
			? logArea(columns, size.rows - 2 - layout.messageHeight)
			: logArea(layout.sideWidth || columns, layout.lowerHeight);
		return {logHeight: area.height, logWidth: area.width};
	};

	const measures = () => ({
		panes: panesOf(layout),
		...logMeasures(),
		lastHelpTop: view.screen === 'help' ? lastHelpTop() : 0,
		lastQuestionTop: lastQuestionTop(),
		lastTop: lastTop(),
	});
	usePointer(session, {size, layout}, measures);
	useInput((input, key) => {
		session.press(keysOf(input, key), measures());
		// What a key does is drawn at once, and not when the time between two frames is over.
		void waitUntilRenderFlush();
	});
	usePaste((text) => session.paste(text));

	if (layout.tooSmall) {
		return (
			<Box width={columns} height={rows} overflow="hidden">
				<Text wrap="wrap">{`gpubox needs a terminal of at least ${smallest.columns}×${smallest.rows}; this one is ${columns}×${rows}. q leaves.`}</Text>
			</Box>
		);
	}

	// Parts that are drawn again only when their facts change have to take another look, too.
	const screen = <Screen key={facts.looks} session={session} facts={facts} view={view} size={size} layout={layout} />;
	return view.tour === undefined || tourLines === 0 ? (
		screen
	) : (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			{screen}
			{tour?.draw(view.tour, {facts, view}, {columns, lines: tourLines})}
		</Box>
	);
}

/** What a press or the wheel does; a second press at the same place is Enter. */
function usePointer(
	session: Session,
	shown: {size: {columns: number; rows: number}; layout: Layout},
	measures: () => Measures,
): void {
	const lastPress = useRef<{at: number; on: string} | undefined>(undefined);
	const {waitUntilRenderFlush} = useApp();
	useEffect(() =>
		session.connectPointer((event) => {
			const panes = panesOf(shown.layout);
			const {actions, keys, hit} = pointAt({...session.store.get(), ...shown, now: session.now()}, event, panes);
			for (const action of actions) {
				session.act(action, measures());
			}

			session.press(keys, measures());
			if (event.does === 'press') {
				const [at, on] = [performance.now(), JSON.stringify(hit)];
				const {current: last} = lastPress;
				const isSecond = last?.on === on && at - last.at < doubleMs && isEnterable(hit);
				lastPress.current = isSecond ? undefined : {at, on};
				session.press(isSecond ? ['enter'] : [], measures());
			}
			void waitUntilRenderFlush();
		}),
	);
}

type ScreenProperties = SessionState & {session: Session; size: {columns: number; rows: number}; layout: Layout};

function Screen({session, facts, view, size, layout}: ScreenProperties) {
	const frame = {facts, view, size, now: session.now()};
	const asked = questionScreen(view.asking);
	if (asked !== undefined) {
		return <TrustScreen facts={facts} view={view} asked={asked} size={size} />;
	}

	if (view.palette !== undefined) {
		return <PaletteScreen facts={facts} view={view} palette={view.palette} size={size} />;
	}

	if (view.own !== undefined) {
		return <OwnPromptScreen facts={facts} view={view} own={view.own} size={size} />;
	}

	if (view.menu !== undefined) {
		return <MenuScreen facts={facts} view={view} menu={view.menu} size={size} />;
	}

	if (view.config !== undefined) {
		return <SettingScreen facts={facts} view={view} config={view.config} size={size} />;
	}

	switch (view.screen) {
		case 'help': {
			return <HelpScreen {...frame} />;
		}

		case 'doctor': {
			return <DoctorScreen {...frame} />;
		}

		case 'box': {
			return <BoxScreen {...frame} past={session.past} />;
		}

		case 'gpu': {
			return <GpuScreen {...frame} past={session.past} />;
		}

		case 'log': {
			return <LogScreen {...frame} log={session.log} messageHeight={layout.messageHeight} />;
		}

		case 'containers':
		case 'processes':
		case 'people':
		case 'images':
		case 'disk':
		case 'hosts':
		case 'settings':
		case 'events':
		case 'commands': {
			return <ListScreen {...frame} name={view.screen} onShown={session} />;
		}

		case 'setup': {
			return <SetupScreen {...frame} />;
		}

		case 'main': {
			return <MainScreen {...frame} layout={layout} log={session.log} />;
		}
	}
}
