import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, reversed, toHex } from '../../../src/lib/bytes.js';
import { hashHeader } from '../../../src/names/bitcoin/header.js';
import { bitcoinRegtest } from '../../../src/names/bitcoin/network.js';
import type { Peer } from '../../../src/names/bitcoin/peer.js';
import { createLocator, headersBehind, type Locator } from '../../../src/names/bitcoin/peerHeaders.js';
import { encodeHeaders, parseHeadersRequest } from '../../../src/names/bitcoin/peerPayload.js';

const genesis = fromHex(bitcoinRegtest.genesisHeader);

/** Headers that link, without work; `salt` makes another branch. */
function grown(chain: readonly Uint8Array[], count: number, salt: number): Uint8Array[] {
  const headers = [...chain];
  while (headers.length < chain.length + count)
    headers.push(concat(new Uint8Array(4), reversed(fromHex(hashHeader(headers.at(-1) ?? genesis))), new Uint8Array(44).fill(salt)));
  return headers;
}

/** A peer that has a chain, and counts the pages it gave. */
function peerOf(chain: readonly Uint8Array[]): Peer & { chain: readonly Uint8Array[]; pages: number } {
  let locator: readonly string[] = [];
  const peer = {
    chain,
    pages: 0,
    version: { protocol: 0, services: 0n, time: 0, nonce: new Uint8Array(8), userAgent: '', height: 0, relay: false },
    ask: (_: string, payload: Uint8Array) => {
      locator = parseHeadersRequest(payload).locator;
    },
    receive: () => {
      peer.pages++;
      const places = new Map(peer.chain.map((header, height) => [hashHeader(header), height]));
      const known = locator.map((hash) => places.get(hash)).find((height) => height !== undefined) ?? 0;
      return Promise.resolve({ command: 'headers', payload: encodeHeaders(peer.chain.slice(known + 1, known + 2001)) });
    },
    close: () => undefined,
  };
  return peer;
}

const start = (): Locator => createLocator([{ height: 0, hash: bitcoinRegtest.genesisHash }]);
const ask = (peer: Peer, locator: Locator, from: number, count: number): Promise<Uint8Array[]> =>
  headersBehind(peer, { network: bitcoinRegtest, locator, from, count }, undefined);
const main = grown([genesis], 4999, 1);

describe('headers of a peer by height', () => {
  test('a sync from block 0 asks for each page once', async () => {
    const [peer, locator] = [peerOf(main), start()];
    const found: Uint8Array[] = [];
    for (let more = await ask(peer, locator, 0, 2000); more.length > 0; more = await ask(peer, locator, found.length, 2000)) found.push(...more);
    expect(found.map(toHex)).toEqual(main.map(toHex));
    expect(peer.pages).toBeLessThanOrEqual(6);
  });

  test('the first question for a height walks up to it, the next does not; a block known beforehand spares the walk', async () => {
    const [peer, locator] = [peerOf(main), start()];
    expect((await ask(peer, locator, 4500, 3)).map(toHex)).toEqual(main.slice(4500, 4503).map(toHex));
    expect(peer.pages).toBe(3);
    await ask(peer, locator, 4600, 3);
    expect(peer.pages).toBe(4);
    const near = createLocator([
      { height: 0, hash: bitcoinRegtest.genesisHash },
      { height: 4400, hash: hashHeader(main[4400] ?? genesis) },
    ]);
    const other = peerOf(main);
    expect(await ask(other, near, 4500, 3)).toHaveLength(3);
    expect(other.pages).toBe(1);
  });

  test('after a reorganisation they are those of the new branch, from whatever height', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            fork: fc.integer({ min: 1, max: 2400 }),
            grow: fc.integer({ min: 1, max: 40 }),
            from: fc.integer({ min: 0, max: 2500 }),
            count: fc.integer({ min: 1, max: 60 }),
          }),
          {
            minLength: 1,
            maxLength: 6,
          },
        ),
        async (steps) => {
          const [peer, locator] = [peerOf(main.slice(0, 2410)), start()];
          for (const [i, { fork, grow, from, count }] of steps.entries()) {
            peer.chain = grown(peer.chain.slice(0, Math.min(fork, peer.chain.length)), grow, i + 2);
            expect((await ask(peer, locator, from, count)).map(toHex)).toEqual(peer.chain.slice(from, from + count).map(toHex));
          }
        },
      ),
      { seed: 7, numRuns: 40 },
    );
  }, 30_000);

  test('a list of what is known is short, highest first, and ends with block 0', () => {
    const locator = start();
    for (let height = 1; height < 6000; height++) locator.learn({ height: height - 1, hash: '' }, { height, hash: String(height) });
    const heights = locator.below(5990).map(({ height }) => height);
    expect(heights.length).toBeLessThan(30);
    expect(heights[0]).toBe(5989);
    expect(heights.at(-1)).toBe(0);
    expect([...heights].sort((a, b) => b - a)).toEqual(heights);
    expect(locator.below(0)).toEqual([]);
  });
});
