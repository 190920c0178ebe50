import { fromBase64, fromUtf8, toBase64Url, toHex, toUtf8Strict } from './bytes.js';
import { NamesteadError } from './errors.js';
import { sha256 } from './hash.js';
import { parseBounded } from './json.js';
import { randomBytes } from './key.js';
import type { Signer } from './key.js';
import { isFields } from './shape.js';

const HEADER = { typ: 'JWT', alg: 'ES256K' } as const;
const PART = /^[A-Za-z0-9_-]+$/;

/** A JSON Web Token taken apart: shape checked, signature not. */
export interface Token {
  readonly text: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** r‖s, 64 bytes. */
  readonly signature: Uint8Array;
}

/**
 * Signs a JSON Web Token (RFC 7515 compact form, ES256K of RFC 8812). The header is exactly `{"typ":"JWT","alg":"ES256K"}`, the payload's
 * members keep their order, and S stays as the signer computed it: peers emit the same bytes.
 *
 * @example
 * const token = await signToken({ iss: 'did:btc-addr:1…', iat: 1610712000 }, signerOf(privateKey));
 */
export async function signToken(payload: object, signer: Signer): Promise<string> {
  const input = `${encodePart(HEADER)}.${encodePart(payload)}`;
  return `${input}.${toBase64Url(await signer.sign(sha256(fromUtf8(input))))}`;
}

/**
 * Takes a token apart without trusting it; `verifyToken` decides who signed.
 *
 * @param limit the most characters, default 2¹⁸
 * @throws NamesteadError `TokenInvalid` for other than three base64url parts, other algorithms than ES256K, or parts that are no JSON objects
 */
export function parseToken(text: unknown, limit = 1 << 18): Token {
  if (typeof text !== 'string') throw new NamesteadError('TokenInvalid', 'a token is text');
  if (text.length > limit) throw new NamesteadError('TokenInvalid', `the token has more than ${limit} characters`);
  const parts = text.split('.', 4);
  const [header = '', payload = '', signature = ''] = parts;
  if (parts.length !== 3 || ![header, payload, signature].every((part) => PART.test(part))) {
    throw new NamesteadError('TokenInvalid', 'a token is three base64url parts without padding');
  }
  const token = { text, header: decodePart(header, 'header'), payload: decodePart(payload, 'payload'), signature: decodeSignature(signature) };
  if (token.header.alg !== HEADER.alg) throw new NamesteadError('TokenInvalid', 'the token is not signed by ES256K');
  return token;
}

/** What a token's signature covers: SHA-256 of its first two parts. */
export function tokenDigest(token: Token): Uint8Array {
  return sha256(fromUtf8(token.text.slice(0, token.text.lastIndexOf('.'))));
}

/** A random UUID, version 4 (RFC 9562): what peers give each token as `jti`. */
export function uuid(): string {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function encodePart(value: object): string {
  return toBase64Url(fromUtf8(JSON.stringify(value)));
}

function decodePart(part: string, which: string): Readonly<Record<string, unknown>> {
  const value = decodeJson(part, which);
  if (!isFields(value)) throw new NamesteadError('TokenInvalid', `the token's ${which} is not an object`);
  return value;
}

function decodeJson(part: string, which: string): unknown {
  try {
    return parseBounded(toUtf8Strict(fromBase64(part)));
  } catch (cause) {
    throw new NamesteadError('TokenInvalid', `the token's ${which} is not JSON`, { cause });
  }
}

function decodeSignature(part: string): Uint8Array {
  // 64 bytes are 86 base64url characters.
  if (part.length !== 86) throw new NamesteadError('TokenInvalid', `the token's signature is not 64 bytes`);
  return fromBase64(part);
}
