import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex } from '../../../src/lib/bytes.js';
import { compactOf, parseHeader, retarget, targetOf, verifyWork, workOf } from '../../../src/names/bitcoin/header.js';
import { bitcoinMainnet, mineHeader, regtest } from './regtest.js';

const genesis = parseHeader(fromHex(bitcoinMainnet.genesisHeader));

test('the genesis header parses to its known fields and hash', () => {
  expect(genesis).toEqual({
    version: 1,
    previous: '00'.repeat(32),
    merkleRoot: '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b',
    time: 1231006505,
    bits: 0x1d00ffff,
    nonce: 2083236893,
    hash: bitcoinMainnet.genesisHash,
  });
  expect(() => verifyWork(genesis, bitcoinMainnet.powLimitBits)).not.toThrow();
});

test('a header has exactly 80 bytes', () => {
  for (const length of [0, 79, 81, 160]) expect(() => parseHeader(new Uint8Array(length))).toThrow(expect.objectContaining({ code: 'Malformed' }));
});

test('bits that are negative, zero, too large or easier than the limit stand for no target', () => {
  // Bitcoin Core, arith_uint256_tests "bignum_SetCompact" and pow_tests.
  for (const bits of [
    0, 0x00123456, 0x01003456, 0x02000056, 0x03000000, 0x04000000, 0x00923456, 0x01803456, 0x04923456, 0x01fedcba, 0xff123456, 0x21010000, 0x22000100,
    0x23000001,
  ]) {
    expect(() => targetOf(bits), bits.toString(16)).toThrow(expect.objectContaining({ code: 'HeaderBits' }));
  }
  expect(() => targetOf(0x1d010000, targetOf(0x1d00ffff))).toThrow(expect.objectContaining({ code: 'HeaderBits' }));
  expect(targetOf(0x01123456)).toBe(0x12n);
  expect(targetOf(0x02123456)).toBe(0x1234n);
  expect(targetOf(0x03123456)).toBe(0x123456n);
  expect(targetOf(0x04123456)).toBe(0x12345600n);
  expect(targetOf(0x05009234)).toBe(0x92340000n);
  expect(targetOf(0x20123456)).toBe(0x123456n << 232n);
  expect(targetOf(0x22000001)).toBe(1n << 248n);
});

test('a target survives its compact form as far as that has digits', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: (1n << 255n) - 1n }), (target) => {
      const back = targetOf(compactOf(target));
      expect(back <= target).toBe(true);
      expect(target - back < target >> 14n || target < 1n << 16n).toBe(true);
      expect(compactOf(back)).toBe(compactOf(target));
    }),
    { seed: 1, numRuns: 2000 },
  );
});

test('the target moves as it moved on mainnet', () => {
  // Bitcoin Core, pow_tests.
  expect(retarget(0x1d00ffff, 1262152739 - 1261130161, 0x1d00ffff)).toBe(0x1d00d86a);
  expect(retarget(0x1d00ffff, 1233061996 - 1231006505, 0x1d00ffff)).toBe(0x1d00ffff);
  expect(retarget(0x1c05a3f4, 1279297671 - 1279008237, 0x1d00ffff)).toBe(0x1c0168fd);
  expect(retarget(0x1c387f6f, 1269211443 - 1263163443, 0x1d00ffff)).toBe(0x1d00e1fd);
});

test('work is the number of hashes a target takes', () => {
  expect(workOf(0x1d00ffff)).toBe(0x100010001n);
  expect(workOf(regtest.powLimitBits)).toBe(2n);
});

test('a hash above its own target is refused', () => {
  expect(() => verifyWork(parseHeader(mineHeader({ previous: regtest.genesisHash, time: 1, workless: true })))).toThrow(
    expect.objectContaining({ code: 'HeaderWork' }),
  );
});
