/** Reads what a JSON file holds as what it should be, and names the place where it is not. */

/** Says where in a scenario something is wrong. */
export class ScenarioError extends Error {
	override name = 'ScenarioError';
}

type Members = Record<string, unknown>;

/** One value and the way to it. */
export class Value {
	readonly value: unknown;
	readonly where: string;

	constructor(value: unknown, where: string) {
		this.value = value;
		this.where = where;
	}

	fail(expected: string): never {
		const found = JSON.stringify(this.value) ?? 'missing';
		const short = found.length > 60 ? `${found.slice(0, 59)}…` : found;
		throw new ScenarioError(`${this.where} must be ${expected}, not ${short}`);
	}

	string(fallback?: string): string {
		const value = this.value ?? fallback;
		return typeof value === 'string' ? value : this.fail('a text');
	}

	/** @param range both ends are allowed; without `to` there is no upper one */
	number(fallback?: number, range: {from?: number; to?: number; whole?: boolean} = {}): number {
		const {from = 0, to = Number.POSITIVE_INFINITY, whole = false} = range;
		const value = this.value ?? fallback;
		if (typeof value !== 'number' || !Number.isFinite(value)) {
			return this.fail('a number');
		}

		if (value < from || value > to) {
			return this.fail(to === Number.POSITIVE_INFINITY ? `a number from ${from} on` : `a number from ${from} to ${to}`);
		}

		return whole && !Number.isInteger(value) ? this.fail('a whole number') : value;
	}

	/** One of these words. */
	oneOf<const Word extends string>(words: readonly Word[], fallback?: Word): Word {
		const value = this.value ?? fallback;
		const found = words.find((word) => word === value);
		const last = words.at(-1) ?? '';
		return found ?? this.fail(words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${last}` : last);
	}

	boolean(fallback: boolean): boolean {
		const value = this.value ?? fallback;
		return typeof value === 'boolean' ? value : this.fail('true or false');
	}

	/** `null` stays `null`; a missing value does too. */
	orNull<T>(read: (value: Value) => T): T | null {
		return this.value === null || this.value === undefined ? null : read(this);
	}

	list<T>(read: (item: Value, place: number) => T): T[] {
		const value = this.value ?? [];
		return Array.isArray(value)
			? value.map((item, position) => read(new Value(item, `${this.where}[${position}]`), position))
			: this.fail('a list');
	}

	/** The members of an object; any other than the known ones is a mistake in writing. */
	object(known: readonly string[]): (key: string) => Value {
		const {value, where} = this;
		if (typeof value !== 'object' || value === null || Array.isArray(value)) {
			return this.fail('an object');
		}

		const members: Members = {...value};
		const strange = Object.keys(members).find((key) => !known.includes(key));
		if (strange !== undefined) {
			throw new ScenarioError(`${where} has an unknown member "${strange}"; known are ${known.join(', ')}`);
		}

		return (key) => new Value(members[key], `${where}.${key}`);
	}

	/** What is missing is an empty object. */
	objectOrEmpty(known: readonly string[]): (key: string) => Value {
		return new Value(this.value ?? {}, this.where).object(known);
	}

	record(): Record<string, string> {
		const value = this.value ?? {};
		if (typeof value !== 'object' || value === null || Array.isArray(value)) {
			return this.fail('an object');
		}

		return Object.fromEntries(
			Object.entries(value).map(([key, item]) => [key, new Value(item, `${this.where}.${key}`).string()]),
		);
	}
}
