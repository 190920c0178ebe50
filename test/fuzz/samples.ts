import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { equal, fromUtf8, toHex, toUtf8 } from '../../src/lib/bytes.js';
import { parseJson } from '../../src/lib/http.js';

const vectors = resolve(import.meta.dirname, '../vectors');

/** A file of `test/vectors`. */
export function rawVector(path: string): Uint8Array {
  return new Uint8Array(readFileSync(resolve(vectors, path)));
}

/** As JSON. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- who asks knows the file's shape
export function vector<T>(path: string): T {
  return JSON.parse(readFileSync(resolve(vectors, path), 'utf8')) as T;
}

/** At most `most` of a list, evenly. */
export function some<T>(list: readonly T[], most: number): T[] {
  return list.filter((_, at) => at % Math.ceil(list.length / most) === 0);
}

/** What is made the first time it is asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

export const texts = (...list: readonly string[]): Uint8Array[] => list.map(fromUtf8);
export const jsons = (...list: readonly unknown[]): Uint8Array[] => list.map((value) => fromUtf8(JSON.stringify(value)));

/** A parser of text, from its bytes. */
export function ofText<F extends (text: string) => unknown>(parse: F): (input: Uint8Array) => ReturnType<F> {
  return (input) => parse(toUtf8(input)) as ReturnType<F>;
}

/** A reader of JSON that came over the wire, by the door through which it comes. */
export function ofJson<F extends (value: unknown) => unknown>(read: F): (input: Uint8Array) => ReturnType<F> {
  return (input) => read(parseJson(input, 'the server')) as ReturnType<F>;
}

/** Law: what was read is written as the same bytes. */
export function canonical<T>(encode: (value: T) => Uint8Array): (value: T, input: Uint8Array) => void {
  return (value, input) => {
    const again = encode(value);
    if (!equal(again, input)) throw new Error(`what it read is written as other bytes: ${toHex(again.subarray(0, 200))}`);
  };
}

/** Law: what was read, written and read again is the same. */
export function settled<T>(encode: (value: T) => Uint8Array, parse: (bytes: Uint8Array) => T): (value: T) => void {
  return (value) => {
    const again = parse(encode(value));
    if (!isDeepStrictEqual(again, value)) throw new Error('what it read is another thing when written and read again');
  };
}

/** As {@link settled}, where the reader takes more than the writer writes and the writer says so by a `TypeError`. */
export function settledIfWritten<T>(encode: (value: T) => Uint8Array, parse: (bytes: Uint8Array) => T): (value: T) => void {
  const check = settled(encode, parse);
  return (value) => {
    try {
      encode(value);
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
    check(value);
  };
}

export function need(holds: boolean, law: string): void {
  if (!holds) throw new Error(law);
}

/** True for whole numbers from 0 up that doubles hold. */
export function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
