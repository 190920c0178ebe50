import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex, toHex } from '../../../src/lib/bytes.js';
import { encodeMessage, FRAME_BYTES, parseHead, peerNetworks, verifyChecksum } from '../../../src/names/bitcoin/peerMessage.js';
import {
  encodeBlockFilter,
  encodeFilterHashes,
  encodeFiltersRequest,
  encodeHeaders,
  encodeHeadersRequest,
  encodeInventory,
  encodeVersion,
  parseBlockFilter,
  parseFilterHashes,
  parseFiltersRequest,
  parseHeaders,
  parseHeadersRequest,
  parseInventory,
  parseVersion,
} from '../../../src/names/bitcoin/peerPayload.js';

fc.configureGlobal({ seed: 157 });

const code = (value: string): unknown => expect.objectContaining({ code: value });
const { magic } = peerNetworks.mainnet;
const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const hash = bytes(32).map(toHex);
const u32 = fc.nat({ max: 0xffffffff });

interface Coder<T> {
  readonly values: fc.Arbitrary<T>;
  readonly encode: (value: T) => Uint8Array;
  readonly parse: (payload: Uint8Array) => T;
}
const coder = <T>(values: fc.Arbitrary<T>, encode: (value: T) => Uint8Array, parse: (payload: Uint8Array) => T): Coder<unknown> =>
  ({ values, encode, parse }) as Coder<unknown>;

const coders: Readonly<Record<string, Coder<unknown>>> = {
  version: coder(
    fc.record({
      protocol: u32,
      services: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      time: fc.nat(),
      nonce: bytes(8),
      userAgent: fc.stringMatching(/^[ -~]{0,256}$/),
      height: u32,
      relay: fc.boolean(),
    }),
    encodeVersion,
    parseVersion,
  ),
  getheaders: coder(fc.record({ protocol: u32, locator: fc.array(hash, { maxLength: 101 }) }), encodeHeadersRequest, parseHeadersRequest),
  headers: coder(fc.array(bytes(80), { maxLength: 300 }), encodeHeaders, parseHeaders),
  'getdata and notfound': coder(fc.array(fc.record({ type: u32, hash }), { maxLength: 300 }), encodeInventory, parseInventory),
  'getcfilters and getcfheaders': coder(fc.record({ start: u32, stop: hash }), encodeFiltersRequest, parseFiltersRequest),
  cfilter: coder(fc.record({ block: hash, filter: fc.uint8Array({ maxLength: 1000 }) }), encodeBlockFilter, parseBlockFilter),
  cfheaders: coder(fc.record({ stop: hash, previous: bytes(32), hashes: fc.array(bytes(32), { maxLength: 300 }) }), encodeFilterHashes, parseFilterHashes),
};

describe.each(Object.keys(coders))('the message %s', (name) => {
  const { values, encode, parse } = coders[name] as Coder<unknown>;
  test('reads back as it was written', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(parse(encode(value))).toEqual(value);
      }),
    );
  });

  test('is refused when it was cut, and, but for the version, when it goes on', () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, cut) => {
        const whole = encode(value);
        // The last byte of a version may be missing: it came with BIP 37.
        const shorter = whole.subarray(0, cut % (name === 'version' ? whole.length - 1 : whole.length));
        expect(() => parse(shorter)).toThrow(code('Malformed'));
        if (name !== 'version') expect(() => parse(concat(whole, Uint8Array.of(0)))).toThrow(code('Malformed'));
      }),
    );
  });

  test('of any bytes is read or refused with a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (payload) => {
        try {
          parse(payload);
        } catch (error) {
          expect(error).toEqual(code('Malformed'));
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

test('filters are asked for in 37 bytes: kind, height, hash', () => {
  expect(toHex(encodeFiltersRequest({ start: 1, stop: '00'.repeat(31) + '01' }))).toBe('0001000000' + '01' + '00'.repeat(31));
});

describe('the frame', () => {
  test('of a verack is the one that every node sends', () => {
    expect(toHex(encodeMessage(magic, 'verack'))).toBe('f9beb4d976657261636b000000000000000000005df6e0e2');
  });

  test('reads back as it was written', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{1,12}$/), fc.uint8Array({ maxLength: 200 }), (command, payload) => {
        fc.pre(!['verack', 'ping', 'pong'].includes(command));
        const message = encodeMessage(magic, command, payload);
        const head = parseHead(message.subarray(0, FRAME_BYTES), magic);
        expect(head).toMatchObject({ command, length: payload.length });
        verifyChecksum(head, message.subarray(FRAME_BYTES));
      }),
    );
  });

  test('is refused with the magic bytes of another network, without a command, or with another payload than its checksum is of', () => {
    const ping = encodeMessage(magic, 'ping', new Uint8Array(8));
    const head = ping.subarray(0, FRAME_BYTES);
    expect(() => parseHead(head, peerNetworks.signet.magic)).toThrow(code('NetworkMismatch'));
    expect(() => parseHead(encodeMessage(magic, '').subarray(0, FRAME_BYTES), magic)).toThrow(code('Malformed'));
    expect(() => parseHead(encodeMessage(magic, 'a\0b').subarray(0, FRAME_BYTES), magic)).toThrow(code('Malformed'));
    expect(() => verifyChecksum(parseHead(head, magic), new Uint8Array(8).fill(1))).toThrow(code('Malformed'));
  });

  test('is refused when it announces more than such a message may have', () => {
    const announce = (command: string, length: number): Uint8Array => {
      const head = encodeMessage(magic, command).slice();
      new DataView(head.buffer).setUint32(16, length, true);
      return head;
    };
    for (const [command, most] of Object.entries({
      verack: 0,
      pong: 8,
      headers: 162_003,
      block: 4_000_000,
      cfheaders: 64_068,
      whatever: 4_000_000,
      constructor: 4_000_000,
    })) {
      expect(parseHead(announce(command, most), magic).length).toBe(most);
      expect(() => parseHead(announce(command, most + 1), magic)).toThrow(code('HttpTooLarge'));
    }
  });

  test('every network has magic bytes and a port of its own', () => {
    const all = Object.values(peerNetworks);
    expect(new Set(all.map((one) => fromHex(one.magic).join())).size).toBe(all.length);
    expect(new Set(all.map(({ port }) => port)).size).toBe(all.length);
  });
});
