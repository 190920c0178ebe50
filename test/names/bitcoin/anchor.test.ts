import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../../../src/lib/bytes.js';
import { encodePins, makeAnchor, openAnchor, parsePins, pinsOf } from '../../../src/names/bitcoin/anchor.js';
import { mainnetAnchor, mainnetPins } from '../../../src/names/bitcoin/anchors/mainnet.js';
import { createHeaderChain, syncHeaders } from '../../../src/names/bitcoin/chain.js';
import { compactOf, hashHeader, parseHeader, PERIOD, serializeHeader, verifyWork } from '../../../src/names/bitcoin/header.js';
import { findHeader, headerBranch, headersRoot } from '../../../src/names/bitcoin/headerProof.js';
import { bitcoinMainnet } from '../../../src/names/bitcoin/network.js';
import { mineHeaders, regtest, sourceOf } from './regtest.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const root = resolve(import.meta.dirname, '../../..');
const vector = (name: string): string => readFileSync(resolve(root, 'test/vectors/bitcoin', name), 'utf8');

interface CheckpointHeader {
  readonly height: number;
  readonly hash: string;
  readonly header: string;
  readonly chainwork: string;
}
const checkpoints = JSON.parse(vector('mainnet-checkpoint-headers.json')) as readonly CheckpointHeader[];

test('a header survives its fields', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 80, maxLength: 80 }), (bytes) => {
      expect(serializeHeader(parseHeader(bytes))).toEqual(bytes);
    }),
    { seed: 70, numRuns: 300 },
  );
});

test("the pins of mainnet are the headers of bitcoinj's checkpoints, and lead on from Electrum's", () => {
  const pins = mainnetPins();
  expect(pins).toEqual(checkpoints.map(({ height, hash }) => ({ height, hash })));
  const electrum = JSON.parse(vector('electrum-checkpoints.json').replace(/,\s*(\d+)\s*\]/g, ',"$1"]')) as readonly (readonly [string, string])[];
  electrum.forEach(([hash, target], i) => {
    const header = parseHeader(fromHex(checkpoints[i]?.header ?? ''));
    expect(header.hash).toBe(pins[i]?.hash);
    expect([header.previous, header.bits]).toEqual([hash, compactOf(BigInt(target))]);
    verifyWork(header, bitcoinMainnet.powLimitBits);
  });
});

test('the anchor of mainnet is the last of them, and its work is the least that is believed', () => {
  const last = checkpoints.at(-1);
  expect(mainnetAnchor).toMatchObject({ network: 'mainnet', height: last?.height, header: last?.header, consensusHash: null });
  expect(BigInt(`0x${mainnetAnchor.chainWork}`)).toBe(BigInt(`0x${last?.chainwork ?? ''}`));
  expect(bitcoinMainnet.minimumChainWork).toBe(BigInt(`0x${mainnetAnchor.chainWork}`));
});

test('all that a release knows of mainnet takes no more than 17 kB', () => {
  expect(statSync(resolve(root, 'src/names/bitcoin/anchors/mainnet.ts')).size).toBeLessThanOrEqual(17_000);
});

test('pins survive their text, and a text cut short is refused', () => {
  const hash = fc.tuple(fc.nat(32), fc.uint8Array({ minLength: 32, maxLength: 32 })).map(([zeros, bytes]) => toHex(bytes.fill(0, 0, zeros)));
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 20 }), (hashes) => {
      const pins = hashes.map((each, i) => ({ height: PERIOD * (i + 1), hash: each }));
      expect(parsePins(encodePins(pins))).toEqual(pins);
    }),
    { seed: 71, numRuns: 200 },
  );
  expect(() => parsePins('HKFB')).toThrow(code('Malformed'));
  expect(() => parsePins('IQAA')).toThrow(code('Malformed'));
});

const genesis = fromHex(regtest.genesisHeader);
const honest = [genesis, ...mineHeaders(2 * PERIOD + 40)];
const hashes = honest.map(hashHeader);
const whole = createHeaderChain(regtest);
whole.extend(honest.slice(1));

test('an anchor holds what its chain says, and only of blocks two weeks deep', () => {
  const anchor = makeAnchor(whole, PERIOD, { filterHeader: 'ab'.repeat(32) });
  expect(anchor).toEqual({
    network: 'regtest',
    height: PERIOD,
    header: toHex(honest[PERIOD] ?? genesis),
    prevTimes: honest.slice(PERIOD - 10, PERIOD).map((header) => parseHeader(header).time),
    chainWork: (2 * (PERIOD + 1)).toString(16),
    filterHeader: 'ab'.repeat(32),
    headersRoot: headersRoot(hashes.slice(0, PERIOD + 1)),
    consensusHash: null,
  });
  expect(JSON.parse(JSON.stringify(anchor))).toEqual(anchor);
  expect(() => makeAnchor(whole, PERIOD + 41)).toThrow(code('NotConfirmed'));
  expect(makeAnchor(whole, PERIOD + 41, {}, 1).height).toBe(PERIOD + 41);
  expect(makeAnchor(whole, 5, {}, 1).prevTimes).toBeNull();
});

test('a chain starts at an anchor, whether or not it knows the times before it, and proves what lies below', async () => {
  const anchor = makeAnchor(whole, PERIOD);
  for (const known of [anchor, { ...anchor, prevTimes: null }]) {
    const chain = createHeaderChain(regtest, { checkpoint: await openAnchor(known, sourceOf(honest)) });
    await syncHeaders(chain, [sourceOf(honest)]);
    expect(chain.tip()).toEqual(whole.tip());
    const proofs = {
      operator: 'branches',
      headerProof: (height: number, last: number) =>
        Promise.resolve({ header: honest[height] ?? genesis, branch: headerBranch(hashes.slice(0, last + 1), height) }),
    };
    const found = await findHeader(chain, 100, { anchor: { height: known.height, headersRoot: known.headersRoot ?? '' }, proofs });
    expect(found.hash).toBe(hashes[100]);
    expect((await findHeader(chain, 100, { headers: sourceOf(honest), pins: pinsOf(whole, 2 * PERIOD) })).hash).toBe(hashes[100]);
    expect(() => makeAnchor(chain, PERIOD)).toThrow(TypeError);
  }
  await expect(openAnchor(makeAnchor(whole, 100), sourceOf(honest))).rejects.toThrow(TypeError);
  const forged = { ...anchor, prevTimes: null, header: toHex(mineHeaders(1, honest[5])[0] ?? genesis) };
  await expect(openAnchor(forged, sourceOf(honest))).rejects.toThrow(code('HeaderLinkage'));
});
