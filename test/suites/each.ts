import { parseVectors, type Case, type Suite } from './suite.js';

/** The cases of a file as tests, one each. */
export function each<T>(title: (vector: T, index: number) => string, check: (vector: T, index: number) => void): Suite {
  return (file) => parseVectors<{ cases: readonly T[] }>(file).cases.map((vector, i): Case => ({ title: title(vector, i), check: () => check(vector, i) }));
}
