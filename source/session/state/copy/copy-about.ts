/** What is copied from: something chosen in a list. */
export type CopyAbout =
	| {kind: 'box'; boxId: string}
	| {kind: 'container'; id: string; name: string}
	| {kind: 'gpu'; uuid: string}
	| {kind: 'image'; reference: string}
	| {kind: 'host'; name: string; address: string};
