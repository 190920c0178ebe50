import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddress } from '../../../src/lib/address.js';
import { concat, fromHex, toHex } from '../../../src/lib/bytes.js';
import { addressOfScript, classifyScript, nulldataOf, nulldataScript, pushedKey, scriptOfAddress, scriptTokens } from '../../../src/names/bitcoin/script.js';

const output = (script: string) => ({ value: 0n, script: fromHex(script) });

test('any bytes are read as a script without throwing, and pushes hold no more than the script', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (script) => {
      const pushed = scriptTokens(script).reduce<number>((sum, token) => sum + (typeof token === 'number' ? 1 : token.length), 0);
      expect(pushed).toBeLessThanOrEqual(script.length);
      const type = classifyScript(script);
      expect(addressOfScript(script) !== null).toBe(type === 'p2pkh' || type === 'p2sh');
    }),
    { seed: 6, numRuns: 500 },
  );
});

test('a push that claims four gigabytes yields what is there', () => {
  expect(scriptTokens(fromHex('4effffffff0102'))).toEqual([fromHex('0102')]);
});

test('an address and its script lead to each other; test versions lead to the same script', () => {
  fc.assert(
    fc.property(fc.constantFrom(0, 5), fc.uint8Array({ minLength: 20, maxLength: 20 }), (version, hash) => {
      const address = formatAddress(version, hash);
      expect(addressOfScript(scriptOfAddress(address))).toBe(address);
      expect(scriptOfAddress(formatAddress(version === 0 ? 111 : 196, hash))).toEqual(scriptOfAddress(address));
    }),
    { seed: 7 },
  );
});

test('an address of another version has no script', () => {
  expect(() => scriptOfAddress(formatAddress(1, new Uint8Array(20)))).toThrow(expect.objectContaining({ code: 'AddressInvalid' }));
});

test('up to 80 bytes fit an OP_RETURN output and come back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (data) => {
      expect(nulldataOf([{ value: 0n, script: nulldataScript(data) }])).toEqual(data);
    }),
    { seed: 8 },
  );
  expect(() => nulldataScript(new Uint8Array(81))).toThrow(expect.objectContaining({ code: 'PayloadTooLarge' }));
});

test('the last OP_RETURN counts, and a malformed one cancels those before it', () => {
  const [first, second, malformed] = [output('6a0161'), output('6a0162'), output('6a01610162')];
  const plain = output(`76a914${'00'.repeat(20)}88ac`);
  expect(nulldataOf([first, plain, second, plain])).toEqual(fromHex('62'));
  expect(nulldataOf([first, malformed])).toBeNull();
  expect(nulldataOf([malformed, first])).toEqual(fromHex('61'));
  expect(nulldataOf([plain])).toBeNull();
  expect(nulldataOf([output('6a00')])).toBeNull();
});

test('a key is read from a script of two pushes only', () => {
  const key = `02${'11'.repeat(32)}`;
  const push = fromHex(`21${key}`);
  const signature = fromHex(`02abcd`);
  expect(pushedKey(concat(signature, push))).toBe(key);
  expect(pushedKey(push)).toBeNull();
  expect(pushedKey(concat(Uint8Array.of(0), push))).toBeNull();
  expect(pushedKey(concat(signature, signature, push))).toBeNull();
  expect(toHex(push)).toContain(key);
});
