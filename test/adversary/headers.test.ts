import { describe, expect, test } from 'vitest';
import { fromHex } from '../../src/lib/bytes.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { hashHeader, parseHeader, PERIOD } from '../../src/names/bitcoin/header.js';
import type { HeaderSource } from '../../src/names/bitcoin/source.js';
import { bitcoinMainnet, mineHeader, mineHeaders, regtest, sourceOf } from '../names/bitcoin/regtest.js';

const genesis = fromHex(regtest.genesisHeader);
const honest = [genesis, ...mineHeaders(80)];
const at = (height: number): Uint8Array => honest[height] ?? genesis;
const anchor = { height: 60, hash: hashHeader(at(60)) };

type Lie = (headers: readonly Uint8Array[]) => Uint8Array[];
const liar = (lie: Lie): HeaderSource => sourceOf(lie(honest), 'liar');
/** The honest chain with the header at `height` replaced and others mined on top, so that nothing else is wrong. */
const replaced =
  (height: number, header: Uint8Array): Lie =>
  (headers) => [...headers.slice(0, height), header, ...mineHeaders(headers.length - height - 1, header, 5)];
const draft = (height: number): { previous: string; time: number } => ({ previous: hashHeader(at(height - 1)), time: parseHeader(at(height)).time });
const median = parseHeader(at(64)).time;

const lies: Readonly<Record<string, readonly [code: string, lie: Lie]>> = {
  'a header without work': ['HeaderWork', replaced(70, mineHeader({ ...draft(70), workless: true }))],
  'a header with bits of its own': ['HeaderBits', replaced(70, mineHeader({ ...draft(70), bits: 0x207fff00 }))],
  'a header that follows another block': ['HeaderLinkage', replaced(70, mineHeader({ ...draft(70), previous: 'ab'.repeat(32) }))],
  'a header older than the median before it': ['HeaderTime', replaced(70, mineHeader({ ...draft(70), time: median }))],
  'a fork that leaves out the anchor': ['AnchorMismatch', (headers) => [...headers.slice(0, 50), ...mineHeaders(60, at(49), 6)]],
  'a fork with less work that ends below the anchor': ['LowWork', (headers) => [...headers.slice(0, 20), ...mineHeaders(15, at(19), 6)]],
  'a chain that ends below the anchor': ['LowWork', (headers) => headers.slice(0, 60)],
  'another genesis block': ['NetworkMismatch', () => [fromHex(bitcoinMainnet.genesisHeader), ...mineHeaders(70, fromHex(bitcoinMainnet.genesisHeader))]],
  'nothing at all': ['LowWork', () => []],
  'half a header': ['Malformed', (headers) => [...headers.slice(0, 70), at(70).subarray(0, 40)]],
};

describe.each(Object.entries(lies))('%s', (_, [code, lie]) => {
  test(`is refused with ${code}, and the chain then follows an honest source`, async () => {
    const chain = createHeaderChain(regtest);
    await expect(syncHeaders(chain, [liar(lie)], { anchor })).rejects.toThrow(expect.objectContaining({ code }));
    const { tip } = await syncHeaders(chain, [sourceOf(honest)], { anchor });
    expect(tip).toMatchObject({ height: 80, hash: hashHeader(at(80)) });
  });

  test('beside an honest source it is named and changes nothing', async () => {
    for (const sources of [
      [liar(lie), sourceOf(honest)],
      [sourceOf(honest), liar(lie)],
    ]) {
      const chain = createHeaderChain(regtest);
      const { tip, agreed } = await syncHeaders(chain, sources, { anchor });
      expect(tip).toMatchObject({ height: 80, hash: hashHeader(at(80)) });
      expect(agreed).toContain('memory');
    }
  });
});

test('a fork lighter than the chain held is refused with LowWork', async () => {
  const chain = createHeaderChain(regtest);
  await syncHeaders(chain, [sourceOf(honest)], { anchor });
  const fork = liar((headers) => [...headers.slice(0, 70), ...mineHeaders(5, at(69), 8)]);
  await expect(syncHeaders(chain, [fork], { anchor })).rejects.toThrow(expect.objectContaining({ code: 'LowWork' }));
  expect(chain.tip().hash).toBe(hashHeader(at(80)));
});

test('a heavier fork from below the anchor is refused even when the anchor is not told again', async () => {
  const chain = createHeaderChain(regtest);
  await syncHeaders(chain, [sourceOf(honest)], { anchor });
  const fork = liar((headers) => [...headers.slice(0, 50), ...mineHeaders(90, at(49), 8)]);
  await expect(syncHeaders(chain, [fork])).rejects.toThrow(expect.objectContaining({ code: 'CheckpointReorg' }));
  await expect(syncHeaders(chain, [fork], { anchor })).rejects.toThrow(expect.objectContaining({ code: 'AnchorMismatch' }));
  expect(chain.tip().hash).toBe(hashHeader(at(80)));
});

test('bits that ignore the retarget are refused where the network retargets', () => {
  const chain = createHeaderChain({ ...regtest, noRetargeting: false });
  chain.extend(mineHeaders(PERIOD - 1));
  const { hash, time } = chain.tip();
  // Ten minutes a block, 2015 intervals: the next target is a little harder.
  expect(() => chain.extend([mineHeader({ previous: hash, time: time + 600 })])).toThrow(expect.objectContaining({ code: 'HeaderBits' }));
  expect(() => chain.extend([mineHeader({ previous: hash, time: time + 600, bits: 0x207fefbd })])).not.toThrow();
});

test('a source that never seems to end is cut off', async () => {
  const endless: HeaderSource = { operator: 'endless', headers: (from, count) => Promise.resolve(from > 9000 ? [] : endlessFrom(from, count)) };
  const chain = createHeaderChain(regtest, { limit: 5000 });
  await expect(syncHeaders(chain, [endless])).rejects.toThrow(expect.objectContaining({ code: 'TooLarge' }));
});

const grown = [genesis];
function endlessFrom(from: number, count: number): Uint8Array[] {
  while (grown.length < from + count) grown.push(...mineHeaders(2000, grown.at(-1)));
  return grown.slice(from, from + count);
}
