/** The same object, a stream for example, with another function in the place of one of its own. The object itself stays as it is. */
export function withMethod<Target extends object>(target: Target, replaced: keyof Target, method: unknown): Target {
	return new Proxy(target, {
		get(_, name) {
			if (name === replaced) {
				return method;
			}

			const value: unknown = Reflect.get(target, name, target);
			return typeof value === 'function' ? value.bind(target) : value;
		},
	});
}

/** The same stream, except that texts are changed on their way to it. */
export function withWritten<Stream extends NodeJS.WriteStream>(
	stream: Stream,
	change: (text: string) => string,
): Stream {
	const write = (chunk: unknown, ...rest: unknown[]): boolean =>
		Reflect.apply(stream.write, stream, [typeof chunk === 'string' ? change(chunk) : chunk, ...rest]) as boolean;
	return withMethod(stream, 'write', write);
}

/** Enters and leaves the second screen of a terminal, on which a program draws. */
export const enterAlternate = '\u001B[?1049h';
export const leaveAlternate = '\u001B[?1049l';
