/**
 * The bit vector by which v1 peers tell which zone files they hold (atlas.md a.4): one bit for each transaction that sets a
 * zone file, in blockchain order; bit 0 is the most significant bit of byte 0; zeros fill the last byte. A hint, never a proof.
 */
export type Inventory = Uint8Array;

/** `present` in the order of `inv_index`, which counts from 1: its element 0 is bit 0. */
export function packInventory(present: readonly boolean[]): Inventory {
  return setBits(
    new Uint8Array(Math.ceil(present.length / 8)),
    present.flatMap((held, bit) => (held ? [bit] : [])),
  );
}

/** A copy with `bits` set, longer where they lie past the end. */
export function setBits(inventory: Inventory, bits: readonly number[]): Inventory {
  const out = new Uint8Array(bits.reduce((length, bit) => Math.max(length, (bit >> 3) + 1), inventory.length));
  out.set(inventory);
  for (const bit of bits) out[bit >> 3] = (out[bit >> 3] ?? 0) | mask(bit);
  return out;
}

/** A copy with `bits` cleared, of the same length or, where they lie past the end, grown as peers grow it. */
export function clearBits(inventory: Inventory, bits: readonly number[]): Inventory {
  const out = setBits(inventory, bits);
  for (const bit of bits) out[bit >> 3] = (out[bit >> 3] ?? 0) & ~mask(bit);
  return out;
}

/** A zone file that was announced more than once owns several bits; a peer has it when all of them are set. */
export function hasBits(inventory: Inventory, bits: readonly number[]): boolean {
  return bits.every((bit) => ((inventory[bit >> 3] ?? 0) & mask(bit)) !== 0);
}

export function listBits(inventory: Inventory): number[] {
  return Array.from({ length: inventory.length * 8 }, (_, bit) => bit).filter((bit) => hasBits(inventory, [bit]));
}

/** How many bits `theirs` has that `ours` lacks. */
export function countMissing(ours: Inventory, theirs: Inventory): number {
  return listBits(theirs).filter((bit) => !hasBits(ours, [bit])).length;
}

function mask(bit: number): number {
  return 0x80 >> (bit & 7);
}
