import { addressOf } from '../lib/address.js';
import { toHex } from '../lib/bytes.js';
import type { Clock } from '../lib/clock.js';
import { NamesteadError } from '../lib/errors.js';
import type { PublicKey, Signer } from '../lib/key.js';
import { signToken, uuid } from '../lib/token.js';
import { didOfAddress } from '../profiles/did.js';
import { verifyIssued } from './issued.js';

const HOUR = 3600_000;

/** `store_write`: files in the app's bucket. `publish_data`: the wallet writes the bucket into the profile. `email`: the address too. */
export type Scope = 'store_write' | 'publish_data' | 'email';

export interface AuthRequestFields {
  /** The app's origin, scheme://host[:port]; every app key and bucket hangs on this very text. */
  readonly domain: string;
  /** Where the answer goes. Default: the origin's root. */
  readonly redirectUri?: string;
  /** Default: `/manifest.json` of the origin. */
  readonly manifestUri?: string;
  /** Default `['store_write']`. */
  readonly scopes?: readonly Scope[];
  /** Milliseconds since 1970. Default: one hour from now. */
  readonly expiresAt?: number;
  /** Further members, as Connect adds `appDetails`; they override none of ours. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The protocol's version. Default `1.4.0`. */
  readonly version?: string;
  /** The token's `jti`. Default: a random UUID. */
  readonly id?: string;
}

/** A request that was verified: an app at `domain` asks, and will read what is sealed to `transit`. */
export interface AuthRequest {
  readonly domain: string;
  readonly redirectUri: string;
  readonly manifestUri: string;
  readonly scopes: readonly string[];
  readonly version: string | null;
  readonly transit: PublicKey;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * An app's request to sign in, signed by a key made for this one sign-in.
 *
 * @example
 * const request = await makeAuthRequest({ domain: 'https://app.example' }, signerOf(transitKey), { clock });
 */
export async function makeAuthRequest(fields: AuthRequestFields, transit: Signer, { clock }: { readonly clock: Pick<Clock, 'now'> }): Promise<string> {
  const { domain, redirectUri = `${domain}/`, manifestUri = `${domain}/manifest.json`, scopes = ['store_write'], version = '1.4.0' } = fields;
  const now = clock.now();
  const payload = {
    ...fields.extra,
    jti: fields.id ?? uuid(),
    iat: Math.floor(now / 1000),
    exp: Math.floor((fields.expiresAt ?? now + HOUR) / 1000),
    iss: didOfAddress(addressOf(transit.publicKey)),
    public_keys: [toHex(transit.publicKey)],
    domain_name: domain,
    manifest_uri: manifestUri,
    redirect_uri: redirectUri,
    version,
    do_not_include_profile: true,
    supports_hub_url: true,
    scopes,
  };
  return signToken(payload, transit);
}

/**
 * A wallet's check of a request, before it shows anything: times, one key, its signature, the issuer, and that manifest and redirect are
 * of the app's own origin.
 *
 * @throws NamesteadError `RequestInvalid`, `TokenInvalid`, `TokenExpired`
 */
export function verifyAuthRequest(token: string, { clock }: { readonly clock: Pick<Clock, 'now'> }): AuthRequest {
  const { payload, publicKey } = verifyIssued(token, { clock, code: 'RequestInvalid', what: 'the sign-in request', expires: false });
  const domain = textOf(payload, 'domain_name');
  const redirectUri = textOf(payload, 'redirect_uri');
  const manifestUri = textOf(payload, 'manifest_uri');
  const origin = originOf(domain);
  if (originOf(redirectUri) !== origin) throw new NamesteadError('RequestInvalid', `the sign-in request of ${origin} wants its answer at another origin`);
  if (originOf(manifestUri) !== origin) throw new NamesteadError('RequestInvalid', `the sign-in request of ${origin} has its manifest at another origin`);
  const scopes = Array.isArray(payload.scopes) ? payload.scopes.filter((scope) => typeof scope === 'string') : [];
  const version = typeof payload.version === 'string' ? payload.version : null;
  return { domain, redirectUri, manifestUri, scopes, version, transit: publicKey, payload };
}

function textOf(payload: Readonly<Record<string, unknown>>, member: string): string {
  const value = payload[member];
  if (typeof value !== 'string') throw new NamesteadError('RequestInvalid', `the sign-in request has no ${member}`);
  return value;
}

/** Scheme, host and port, where a written default port is none. */
function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new NamesteadError('RequestInvalid', 'a URL of the sign-in request is not absolute http or https');
  return parsed.origin;
}
