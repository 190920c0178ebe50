import { concat, fromHex, reversed } from '../../../src/lib/bytes.js';
import type { CallOptions } from '../../../src/lib/clock.js';
import { hashHeader, parseHeader, targetOf } from '../../../src/names/bitcoin/header.js';
import type { BitcoinParams } from '../../../src/names/bitcoin/network.js';
import type { HeaderSource } from '../../../src/names/bitcoin/source.js';

/** Bitcoin Core's regtest. */
export const regtest: BitcoinParams = {
  name: 'regtest',
  genesisHash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
  genesisHeader:
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000',
  powLimitBits: 0x207fffff,
  noRetargeting: true,
  versions: [1, 1, 1],
  twentyMinuteRule: true,
  bip94: false,
  minimumChainWork: 0n,
  work: 'none',
  p2pkh: 111,
  p2sh: 196,
  bech32: 'bcrt',
};

export const bitcoinMainnet: BitcoinParams = {
  name: 'mainnet',
  genesisHash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  genesisHeader:
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c',
  powLimitBits: 0x1d00ffff,
  noRetargeting: false,
  versions: [227931, 363725, 388381],
  twentyMinuteRule: false,
  bip94: false,
  minimumChainWork: 0n,
  work: 'proved',
  p2pkh: 0,
  p2sh: 5,
  bech32: 'bc',
};

export interface Draft {
  readonly version?: number;
  /** Display hex. */
  readonly previous: string;
  /** Inner order. */
  readonly merkleRoot?: Uint8Array;
  readonly time: number;
  readonly bits?: number;
  /** Finds a hash above the target instead. */
  readonly workless?: boolean;
}

/** A header whose nonce was sought. */
export function mineHeader(draft: Draft): Uint8Array {
  const { version = 0x20000000, previous, merkleRoot = new Uint8Array(32), time, bits = regtest.powLimitBits, workless = false } = draft;
  const bytes = concat(le32(version), reversed(fromHex(previous)), merkleRoot, le32(time), le32(bits), le32(0));
  const target = targetOf(bits);
  for (let nonce = 0; ; nonce++) {
    bytes.set(le32(nonce), 76);
    if (BigInt('0x' + hashHeader(bytes)) <= target !== workless) return bytes;
  }
}

/** `count` regtest headers on top of one, ten minutes apart; `salt` makes another chain of it. */
export function mineHeaders(count: number, on: Uint8Array = fromHex(regtest.genesisHeader), salt = 0): Uint8Array[] {
  const out: Uint8Array[] = [];
  let { hash, time } = parseHeader(on);
  for (let i = 0; i < count; i++) {
    const header = mineHeader({ previous: hash, time: (time += 600), merkleRoot: new Uint8Array(32).fill(salt) });
    out.push(header);
    hash = hashHeader(header);
  }
  return out;
}

/** A source over an array that starts at the genesis block; counts what it was asked. */
export function sourceOf(headers: readonly Uint8Array[], operator = 'memory'): HeaderSource & { readonly asked: [number, number][] } {
  const asked: [number, number][] = [];
  return {
    operator,
    asked,
    headers: (from: number, count: number, _options?: CallOptions) => {
      asked.push([from, count]);
      return Promise.resolve(headers.slice(from, from + count));
    },
  };
}

function le32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, true);
  return bytes;
}
