import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAttachmentPage, parseAttachment, parseAttachmentInventory } from '../../src/zones/attachment.js';
import { clearBits, countMissing, hasBits, listBits, packInventory, setBits } from '../../src/zones/inventory.js';
import { isPeer, parsePeerBase64 } from '../../src/zones/peer.js';

describe('an inventory', () => {
  test('lists the bits that were packed', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (present) => {
        const bits = present.flatMap((held, bit) => (held ? [bit] : []));
        expect(listBits(packInventory(present))).toEqual(bits);
        expect(packInventory(present)).toHaveLength(Math.ceil(present.length / 8));
      }),
      { seed: 6 },
    );
  });

  test('has what was set, lacks what was cleared, and keeps the rest', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 10 }), fc.array(fc.nat(100), { maxLength: 10 }), (inventory, bits) => {
        expect(hasBits(setBits(inventory, bits), bits)).toBe(true);
        expect(listBits(clearBits(inventory, bits))).toEqual(listBits(inventory).filter((bit) => !bits.includes(bit)));
        expect(countMissing(inventory, setBits(inventory, bits))).toBe(new Set(bits.filter((bit) => !hasBits(inventory, [bit]))).size);
      }),
      { seed: 7 },
    );
  });
});

describe('an attachment page', () => {
  test('tells the attachments that are there', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(63), { maxLength: 20 }), fc.nat(1000), (slots, index) => {
        const available = slots.map((slot) => index * 64 + slot).sort((a, b) => a - b);
        expect(parseAttachmentInventory({ pages: [{ index, inventory: formatAttachmentPage(available, index) }] })).toEqual(available);
      }),
      { seed: 8 },
    );
  });

  test('of another shape is refused', () => {
    for (const body of [
      null,
      {},
      { pages: 1 },
      { pages: [1] },
      { pages: [{ index: -1, inventory: [] }] },
      { pages: [{ index: 0, inventory: new Array(64).fill(2) }] },
    ]) {
      expect(() => parseAttachmentInventory(body)).toThrow(expect.objectContaining({ code: 'Malformed' }));
    }
    for (const body of ['', '{}', '{"attachment": "00"}', '"0"', '00'])
      expect(() => parseAttachment(body)).toThrow(expect.objectContaining({ code: 'Malformed' }));
  });
});

describe('a peer', () => {
  test('is a host and a port', () => {
    for (const text of ['a.example:6264', '127.0.0.1:80']) expect(isPeer(text)).toBe(true);
    for (const text of ['a.example', 'a.example:1', 'a.example:0626', 'a.example:66000', '::1:6264', 'http://a.example:6264', 'a b:6264', ':6264'])
      expect(isPeer(text)).toBe(false);
  });

  test('takes base64 in its one canonical form', () => {
    expect(parsePeerBase64('eA==')).toEqual(Uint8Array.of(0x78));
    for (const text of ['eA', 'eB==', 'eA==\n', ' eA==', 'e-_=', '*'])
      expect(() => parsePeerBase64(text)).toThrow(expect.objectContaining({ code: 'Malformed' }));
    expect(() => parsePeerBase64('A'.repeat(60_000))).toThrow(expect.objectContaining({ code: 'ZoneFileTooLarge' }));
  });
});
