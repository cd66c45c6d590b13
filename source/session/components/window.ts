/** The part of a list to show in `room` places so that the chosen one is among them, half way down where it can be. */
export function windowAround(chosen: number, length: number, room: number): {from: number; to: number} {
	const places = Math.max(1, room);
	const from = Math.max(0, Math.min(length - places, chosen - Math.floor(places / 2)));
	return {from, to: Math.min(length, from + places)};
}
