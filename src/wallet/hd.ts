import { decodeBase58, encodeBase58 } from '../lib/address.js';
import { concat, equal, fromUtf8 } from '../lib/bytes.js';
import { hmacSha512 } from '../lib/cipher.js';
import { NamesteadError } from '../lib/errors.js';
import { hash160, hash256 } from '../lib/hash.js';
import { parsePrivateKey, publicKeyOf, tweak } from '../lib/key.js';
import type { PrivateKey } from '../lib/key.js';

const HARDENED = 0x80000000;
const XPRV = 0x0488ade4;
const XPUB = 0x0488b21e;

/** A private key with its chain code (BIP 32). Its members do not show when it is printed or put into JSON. */
export interface HdNode {
  readonly key: PrivateKey;
  readonly chainCode: Uint8Array;
  readonly depth: number;
  readonly index: number;
  /** The first 4 bytes of the parent key's hash160; found only when asked, since it costs a public key. */
  readonly parentFingerprint: () => Uint8Array;
}

export async function masterNode(seed: Uint8Array): Promise<HdNode> {
  const digest = await hmacSha512(fromUtf8('Bitcoin seed'), seed);
  return hidden({ key: parsePrivateKey(digest.slice(0, 32)), chainCode: digest.slice(32), depth: 0, index: 0, parentFingerprint: () => new Uint8Array(4) });
}

/** The child at `index`; from 2³¹ on it is hardened. */
export async function deriveChild(node: HdNode, index: number): Promise<HdNode> {
  const data = concat(index >= HARDENED ? concat(Uint8Array.of(0), node.key) : publicKeyOf(node.key), u32(index));
  const digest = await hmacSha512(node.chainCode, data);
  return hidden({
    key: tweak(node.key, digest.slice(0, 32)),
    chainCode: digest.slice(32),
    depth: node.depth + 1,
    index,
    parentFingerprint: () => hash160(publicKeyOf(node.key)).subarray(0, 4),
  });
}

/** Follows a path below the node, `44'/0'/0'/0/7` or with `m/` before it. @throws TypeError when it is no path */
export async function derivePath(node: HdNode, path: string): Promise<HdNode> {
  let at = node;
  for (const index of parsePath(path)) at = await deriveChild(at, index);
  return at;
}

/** The `xprv…` text of a node. */
export function formatXprv(node: HdNode): string {
  return format(XPRV, node, concat(Uint8Array.of(0), node.key));
}

/** The `xpub…` text of a node's public half. */
export function formatXpub(node: HdNode): string {
  return format(XPUB, node, publicKeyOf(node.key));
}

/** Reads `xprv…` text. @throws NamesteadError `KeyInvalid` */
export function parseXprv(text: string): HdNode {
  const bytes = text.length > 112 ? new Uint8Array(0) : decodeBase58(text);
  const body = bytes.subarray(0, 78);
  if (bytes.length !== 82 || !equal(hash256(body).subarray(0, 4), bytes.subarray(78)) || !equal(body.subarray(0, 4), u32(XPRV)) || body[45] !== 0) {
    throw new NamesteadError('KeyInvalid', 'expected an extended private key, xprv…');
  }
  const fingerprint = body.slice(5, 9);
  return hidden({
    key: parsePrivateKey(body.slice(46)),
    chainCode: body.slice(13, 45),
    depth: body[4] ?? 0,
    index: new DataView(body.buffer, body.byteOffset).getUint32(9),
    parentFingerprint: () => fingerprint,
  });
}

function parsePath(path: string): readonly number[] {
  return path
    .replace(/^m\/?/, '')
    .split('/')
    .filter((step) => step !== '')
    .map((step) => {
      const [, digits, hardened] = /^(\d{1,10})('?)$/.exec(step) ?? [];
      const index = Number(digits ?? Number.NaN);
      if (!(index < HARDENED)) throw new TypeError(`${JSON.stringify(path)} is no derivation path`);
      return hardened === "'" ? index + HARDENED : index;
    });
}

function format(version: number, node: HdNode, key: Uint8Array): string {
  const body = concat(u32(version), Uint8Array.of(node.depth), node.parentFingerprint(), u32(node.index), node.chainCode, key);
  return encodeBase58(concat(body, hash256(body).subarray(0, 4)));
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function hidden(node: HdNode): HdNode {
  return Object.defineProperties(node, { key: { enumerable: false }, chainCode: { enumerable: false } });
}
