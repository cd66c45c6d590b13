/** Of a note in several parts, what has no room is left out before anything is cut: the highest `rank` first. */
export type NotePart = {text: string; rank: number};
