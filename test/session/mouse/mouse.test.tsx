import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {ImageChoice} from '../../../source/app/images/image-choices.ts';
import {layOut} from '../../../source/session/layout.ts';
import {type Frame, hitTest} from '../../../source/session/mouse/hit-test.ts';
import {messageLines} from '../../../source/session/state/selectors.ts';
import {frozenAt} from '../../_helpers/demo.ts';
import {type Shown, showSession} from '../../_helpers/session.tsx';

function frameOf({session}: Shown, size: {columns: number; rows: number}): Frame {
	const {facts, view} = session.store.get();
	const layout = layOut(size, {
		gpus: facts.gpu.readings.length,
		gpuProblemLines: facts.gpu.problems.length * 2,
		messageLines: messageLines(facts, view, size.columns),
	});
	return {facts, view, size, layout, now: frozenAt};
}

const choice = (reference: string): ImageChoice => ({
	reference,
	fits: true,
	recommended: false,
	local: true,
	cuda: null,
	framework: null,
	sizeBytes: null,
	reasons: ['It fits'],
});

/** Where a text begins on the screen. */
function placeOf(screen: string, text: string): {x: number; y: number} {
	const lines = screen.split('\n');
	const y = lines.findIndex((line) => line.includes(text));
	assert.ok(y >= 0, `${text} is not on the screen:\n${screen}`);
	return {x: lines[y]?.indexOf(text) ?? 0, y};
}

for (const size of [
	{columns: 60, rows: 20},
	{columns: 80, rows: 24},
	{columns: 120, rows: 40},
	{columns: 160, rows: 30},
	// Two columns of cards with air between them.
	{columns: 200, rows: 60},
]) {
	test(`what is pointed at is what is drawn there, at ${size.columns}x${size.rows}`, async (t) => {
		const image = 'quay.io/jupyter/pytorch-notebook:cuda12';
		const shown = await showSession(t, size, {useCases: {images: async () => [choice('other'), choice(image)]}});
		await shown.waitFor(/8 GPUs[\s\S]*alice-llm-train[\s\S]*bob-segmentation/);
		const at = (text: string) => hitTest(frameOf(shown, size), placeOf(shown.frame(), text));
		const {facts} = shown.session.store.get();
		for (const {index, uuid, name} of facts.gpu.readings) {
			assert.deepEqual(at(`${index} ${name.replace('NVIDIA ', '').slice(0, 8)}`), {on: 'gpus', id: uuid});
		}

		const box = facts.box.boxes.find(({name}) => name === 'bob-segmentation');
		assert.deepEqual(at(' ● bob-segm'), {on: 'boxes', id: box?.id});
		assert.deepEqual(at(' 3 '), {on: 'tab', key: '3'});
		assert.deepEqual(hitTest(frameOf(shown, size), {x: 3, y: 0}), undefined);
		shown.type('2');
		await shown.waitFor(/9 of 11 running[\s\S]*dora-sweep-4[\s\S]*dcgm-exporter/);
		const container = shown.session.store.get().facts.machine.containers.find(({name}) => name === 'dcgm-exporter');
		assert.deepEqual(at('dcgm-exporter'), {on: 'row', id: container?.id});
		assert.equal(at('NAME'), undefined);
		shown.type('5');
		await shown.waitFor(/fit this machine/);
		assert.deepEqual(at(image.slice(0, 20)), {on: 'row', id: image});
	});
}

test('a press selects, a second one enters, and the wheel moves what is below it; without the mouse none of this', async (t) => {
	const size = {columns: 120, rows: 40};
	const shown = await showSession(t, size);
	const {type, waitFor, frame, session} = shown;
	await waitFor(/8 GPUs[\s\S]*bob-segmentation[\s\S]*chen-vllm/);
	const send = (does: 'press' | 'down', text: string) => session.point({does, ...placeOf(frame(), text)});
	const {view: before} = session.store.get();
	send('press', '● alice-llm');
	assert.equal(session.store.get().view, before);
	type('\u0014');
	await waitFor(/The mouse selects and scrolls here/);
	send('press', '● dora-sweep');
	await waitFor(/▸● dora-sweep/);
	send('down', '▸● dora-sweep');
	await waitFor(/▸● alice-llm/);
	send('press', ' 5 H100');
	await waitFor(/▸ 8 GPUs/);
	send('press', ' 2 Containers');
	await waitFor(/9 of 11 running/);
	send('press', '● grafana');
	await waitFor(/▸● grafana/);
	send('press', ' 1 GPUs');
	await waitFor(/▸ 8 GPUs/);
	send('press', '● bob-seg');
	await waitFor(/▸● bob-segmentation/);
	send('press', '● bob-seg');
	await t.waitFor(() => assert.equal(session.store.get().view.screen, 'box'), {interval: 20, timeout: 20_000});
});
