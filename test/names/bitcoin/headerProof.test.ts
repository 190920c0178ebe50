import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat, fromHex, reversed, toHex } from '../../../src/lib/bytes.js';
import { hash256 } from '../../../src/lib/hash.js';
import { createHeaderChain } from '../../../src/names/bitcoin/chain.js';
import { hashHeader, PERIOD } from '../../../src/names/bitcoin/header.js';
import { findHeader, headerBranch, headersRoot, verifyHeaderBranch } from '../../../src/names/bitcoin/headerProof.js';
import type { HeaderProofSource } from '../../../src/names/bitcoin/source.js';
import { mineHeaders, regtest, sourceOf } from './regtest.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const genesis = fromHex(regtest.genesisHeader);
const chain = [genesis, ...mineHeaders(PERIOD + 20)];
const hashes = chain.map(hashHeader);
const at = (height: number): Uint8Array => chain[height] ?? genesis;
const until = (height: number): string[] => hashes.slice(0, height + 1);

test('the root of three hashes is the one of Electrum: pairs, the last repeated', () => {
  const [a, b, c] = until(2).map((hash) => reversed(fromHex(hash))) as [Uint8Array, Uint8Array, Uint8Array];
  expect(headersRoot(until(2))).toBe(toHex(reversed(hash256(concat(hash256(concat(a, b)), hash256(concat(c, c)))))));
  expect(headersRoot(until(0))).toBe(hashes[0]);
});

test('each header is proved by its branch, and at no other height, under no other root and in no tree of another size', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 70 }), fc.nat(), fc.nat(), (last, pick, other) => {
      const height = pick % (last + 1);
      const branch = headerBranch(until(last), height);
      const root = { height: last, root: headersRoot(until(last)) };
      expect(verifyHeaderBranch(at(height), height, branch, root).hash).toBe(hashes[height]);
      const elsewhere = other % (last + 3);
      if (elsewhere !== height) expect(() => verifyHeaderBranch(at(height), elsewhere, branch, root)).toThrow(code('MerkleMismatch'));
      expect(() => verifyHeaderBranch(at(height + 1), height, branch, root)).toThrow(code('MerkleMismatch'));
      expect(() => verifyHeaderBranch(at(height), height, [...branch, new Uint8Array(32)], root)).toThrow(code('MerkleMismatch'));
      expect(() => verifyHeaderBranch(at(height), height, branch, { ...root, root: headersRoot(until(last + 1)) })).toThrow(code('MerkleMismatch'));
      if (branch.length > 0) expect(() => verifyHeaderBranch(at(height), height, branch.slice(1), root)).toThrow(code('MerkleMismatch'));
      branch.forEach((_, row) => {
        const bent = branch.map((node, i) => (i === row ? node.map((byte, j) => (j === other % 32 ? byte ^ 1 : byte)) : node));
        expect(() => verifyHeaderBranch(at(height), height, bent, root)).toThrow(code('MerkleMismatch'));
      });
    }),
    { seed: 31, numRuns: 300 },
  );
});

test('where an odd row ends, nothing but the node itself is taken for its sibling', () => {
  // Over five leaves the fourth row's tree could as well be one of eight with three more.
  const eight = headersRoot(until(7));
  const branch = headerBranch(until(7), 4);
  expect(verifyHeaderBranch(at(4), 4, branch, { height: 7, root: eight }).hash).toBe(hashes[4]);
  expect(() => verifyHeaderBranch(at(4), 4, branch, { height: 4, root: eight })).toThrow(code('MerkleMismatch'));
});

const previousTimes = chain.slice(PERIOD - 10, PERIOD).map((header) => new DataView(header.buffer, header.byteOffset).getUint32(68, true));
const short = createHeaderChain(regtest, { checkpoint: { height: PERIOD, header: at(PERIOD), previousTimes, chainWork: 4034n } });
short.extend(chain.slice(PERIOD + 1));
const anchor = { height: PERIOD, headersRoot: headersRoot(until(PERIOD)) };
const proofs: HeaderProofSource = {
  operator: 'branches',
  headerProof: (height, checkpoint) => Promise.resolve({ header: at(height), branch: headerBranch(until(checkpoint), height) }),
};

test('a header below the base is found by its branch, or by the headers that lead to the base; above it, it is held', async () => {
  expect((await findHeader(short, PERIOD + 5, {})).hash).toBe(hashes[PERIOD + 5]);
  expect((await findHeader(short, 7, { anchor, proofs })).hash).toBe(hashes[7]);
  const done: number[] = [];
  const headers = sourceOf(chain);
  const found = await findHeader(short, 7, { headers }, { onProgress: (progress) => done.push(progress.done) });
  expect(found.hash).toBe(hashes[7]);
  expect(headers.asked).toEqual([
    [17, 2000],
    [7, 10],
  ]);
  expect(done).toEqual([2000]);
});

test('the next block known beforehand is where the headers must lead', async () => {
  const headers = sourceOf(chain);
  const pins = [1000, 10, 5].map((height) => ({ height, hash: hashes[height] ?? '' }));
  expect((await findHeader(short, 7, { headers, pins })).hash).toBe(hashes[7]);
  expect(headers.asked).toEqual([[7, 4]]);
});

test('when a branch does not lead to the root, headers that link are taken instead; without them the lie is refused', async () => {
  const liar: HeaderProofSource = { ...proofs, headerProof: async (height, checkpoint) => proofs.headerProof(height + 1, checkpoint) };
  expect((await findHeader(short, 7, { anchor, proofs: liar, headers: sourceOf(chain) })).hash).toBe(hashes[7]);
  await expect(findHeader(short, 7, { anchor, proofs: liar })).rejects.toThrow(code('MerkleMismatch'));
  const none: HeaderProofSource = { operator: 'none', headerProof: () => Promise.resolve(null) };
  await expect(findHeader(short, 7, { anchor, proofs: none })).rejects.toThrow(code('MerkleMismatch'));
});

test('headers that lead elsewhere, or end before the pin, are refused in the first batch', async () => {
  const fork = sourceOf([...chain.slice(0, 100), ...mineHeaders(PERIOD - 50, at(99), 3)]);
  await expect(findHeader(short, 7, { headers: fork })).rejects.toThrow(code('HeaderLinkage'));
  expect(fork.asked).toHaveLength(1);
  await expect(findHeader(short, 7, { headers: sourceOf(chain.slice(0, 50)) })).rejects.toThrow(code('HeaderLinkage'));
  await expect(findHeader(short, 7, { headers: sourceOf([]) })).rejects.toThrow(code('HeaderLinkage'));
});

test('without anything that reaches it, or above the tip, there is no header', async () => {
  await expect(findHeader(short, 7, {})).rejects.toThrow(code('AnchorRequired'));
  await expect(findHeader(short, PERIOD + 21, { headers: sourceOf(chain) })).rejects.toThrow(code('NotConfirmed'));
  await expect(findHeader(short, 7, { headers: sourceOf(chain) }, { signal: AbortSignal.abort() })).rejects.toThrow(code('Aborted'));
});
