import { addressOf } from '../lib/address.js';
import { fromHex, fromUtf8, isHex, toHex, toUtf8Strict } from '../lib/bytes.js';
import type { CallOptions, Clock } from '../lib/clock.js';
import { open, seal } from '../lib/ecies.js';
import { isNamesteadError, NamesteadError } from '../lib/errors.js';
import { parsePrivateKey } from '../lib/key.js';
import type { KeyAgreement, PrivateKey, PublicKey, Signer } from '../lib/key.js';
import { isFields } from '../lib/shape.js';
import { signToken, uuid } from '../lib/token.js';
import { didOfAddress } from '../profiles/did.js';
import { isKeyOf, ownerHash } from '../profiles/owner.js';
import { verifyIssued } from './issued.js';
import { isAtLeast } from './version.js';

const MONTH = 30 * 24 * 3600_000;
/** What responses before 1.2.0 meant. */
const OLD_HUB = 'https://hub.blockstack.org';

export interface AuthResponseFields {
  /** The app's private key, 64 hex digits inside the seal. */
  readonly appKey: PrivateKey;
  readonly profile?: object | null;
  readonly username?: string | null;
  readonly email?: string | null;
  readonly profileUrl?: string | null;
  /** The Gaia hub to write to. */
  readonly hubUrl?: string | null;
  readonly associationToken?: string | null;
  /** Milliseconds since 1970. Default: 30 days from now. */
  readonly expiresAt?: number;
  readonly id?: string;
}

/** A response whose signer, times and name hold. Its app key is still sealed. */
export interface AuthResponse {
  readonly publicKey: PublicKey;
  /** The identity, base58 with version 0. */
  readonly address: string;
  /** The name, once `ownerOf` showed that it belongs to the identity; null without a name, or without `ownerOf`. */
  readonly username: string | null;
  readonly profile: Readonly<Record<string, unknown>> | null;
  readonly email: string | null;
  readonly profileUrl: string | null;
  readonly hubUrl: string;
  readonly associationToken: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly token: string;
}

/** A response that was meant for us: its app key opened by the transit key. Printed or put into JSON it shows no key. */
export interface SignedIn extends Omit<AuthResponse, 'payload' | 'publicKey'> {
  appKey(): PrivateKey;
  /** A second app key, of users whose wallet once salted otherwise: try it where the first finds nothing. */
  walletSaltKey(): PrivateKey | null;
  coreToken(): string | null;
}

export interface VerifyResponseOptions extends CallOptions {
  readonly clock: Pick<Clock, 'now'>;
  /**
   * The owner's address of a name, by the app's own proof; null for none. A host that the token names is never asked: it would vouch
   * for its own.
   */
  readonly ownerOf?: ((name: string, options: CallOptions) => Promise<string | null>) | undefined;
}

export interface OpenResponseOptions extends VerifyResponseOptions {
  /** Accept an app key that is not sealed. Then nothing ties the response to our request. Default false. */
  readonly plainKey?: boolean | undefined;
}

/** A wallet's answer to a verified request: signed by the identity, the app key sealed to the request's transit key. */
export async function makeAuthResponse(
  transit: PublicKey,
  fields: AuthResponseFields,
  identity: Signer,
  { clock }: { readonly clock: Pick<Clock, 'now'> },
): Promise<string> {
  const now = clock.now();
  const payload = {
    jti: fields.id ?? uuid(),
    iat: Math.floor(now / 1000),
    exp: Math.floor((fields.expiresAt ?? now + MONTH) / 1000),
    iss: didOfAddress(addressOf(identity.publicKey)),
    private_key: await sealText(toHex(fields.appKey), transit),
    public_keys: [toHex(identity.publicKey)],
    profile: fields.profile ?? null,
    username: fields.username ?? null,
    core_token: null,
    email: fields.email ?? null,
    profile_url: fields.profileUrl ?? null,
    hubUrl: fields.hubUrl ?? null,
    blockstackAPIUrl: null,
    associationToken: fields.associationToken ?? null,
    version: '1.3.1',
  };
  return signToken(payload, identity);
}

/**
 * Who answered: signature, issuer, times, and that the name belongs to the issuer. Says nothing of whom the answer was for:
 * {@link openAuthResponse} does.
 *
 * @throws NamesteadError `ResponseInvalid`, `TokenInvalid`, `TokenExpired`, `NameNotOwned`, and whatever `ownerOf` throws
 */
export async function verifyAuthResponse(token: string, options: VerifyResponseOptions): Promise<AuthResponse> {
  const { payload, publicKey, address } = verifyIssued(token, { clock: options.clock, code: 'ResponseInvalid', what: 'the sign-in response', expires: true });
  const text = (member: string): string | null => {
    const value = payload[member];
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const username = text('username');
  if (username !== null && options.ownerOf) await checkOwner(username, publicKey, options.ownerOf, options);
  return {
    publicKey,
    address,
    username: options.ownerOf ? username : null,
    profile: isFields(payload.profile) ? payload.profile : null,
    email: text('email'),
    profileUrl: text('profile_url'),
    hubUrl: (isAtLeast(payload.version, '1.2.0') ? httpUrl(text('hubUrl')) : null) ?? OLD_HUB,
    associationToken: isAtLeast(payload.version, '1.3.0') ? text('associationToken') : null,
    payload,
    token,
  };
}

/**
 * Verifies a response and opens the app key in it by the transit key of our request: whoever made it has read that request. The caller
 * deletes the transit key after use.
 *
 * @throws NamesteadError as {@link verifyAuthResponse}; `ResponseUnbound` when its key is sealed to another request or not at all
 * @example
 * const me = await openAuthResponse(response, keyAgreementOf(transitKey), { clock, ownerOf });
 */
export async function openAuthResponse(token: string, transit: KeyAgreement, options: OpenResponseOptions): Promise<SignedIn> {
  const { payload, publicKey: _, ...verified } = await verifyAuthResponse(token, options);
  const appKey = await openAppKey(payload, transit, options.plainKey ?? false);
  const saltKey = keyOrNull(await openOptional(payload.appPrivateKeyFromWalletSalt, transit));
  const coreToken = await openOptional(payload.core_token, transit);
  return {
    ...verified,
    appKey: () => appKey,
    walletSaltKey: () => saltKey,
    coreToken: () => coreToken,
  };
}

async function openAppKey(payload: Readonly<Record<string, unknown>>, transit: KeyAgreement, plainKey: boolean): Promise<PrivateKey> {
  const value = payload.private_key;
  const plain = isHex(value, 32) || isHex(value, 33);
  if (typeof value !== 'string') throw new NamesteadError('ResponseInvalid', 'the sign-in response brings no app key');
  if (plain && !plainKey) throw new NamesteadError('ResponseUnbound', 'the sign-in response brings its app key unsealed: nothing ties it to this request');
  if (!plain && !isAtLeast(payload.version, '1.1.0'))
    throw new NamesteadError('ResponseInvalid', 'a sign-in response before version 1.1.0 has no sealed app key');
  const key = keyOrNull(plain ? value : await openText(value, transit));
  if (key === null) throw new NamesteadError('ResponseInvalid', 'what the sign-in response seals is no private key');
  return key;
}

function keyOrNull(hex: string | null): PrivateKey | null {
  try {
    return hex === null ? null : parsePrivateKey(hex);
  } catch {
    return null;
  }
}

/** Members that peers write sealed or plain; what cannot be opened counts as absent. */
async function openOptional(value: unknown, transit: KeyAgreement): Promise<string | null> {
  if (typeof value !== 'string' || value === '') return null;
  if (!value.startsWith(toHex(fromUtf8('{')))) return value;
  return openText(value, transit).catch(() => null);
}

/** hex(UTF-8(JSON(cipher object))) of a text. */
async function sealText(text: string, publicKey: PublicKey): Promise<string> {
  return toHex(fromUtf8(JSON.stringify(await seal(text, publicKey))));
}

async function openText(hex: string, transit: KeyAgreement): Promise<string> {
  try {
    const content = await open(JSON.parse(toUtf8Strict(fromHex(hex))), transit, { limit: 1 << 16 });
    return typeof content === 'string' ? content : toUtf8Strict(content);
  } catch (cause) {
    if (!isNamesteadError(cause) && !(cause instanceof SyntaxError)) throw cause;
    throw new NamesteadError('ResponseUnbound', 'the app key is sealed to another request than this one', { cause });
  }
}

async function checkOwner(name: string, publicKey: PublicKey, ownerOf: NonNullable<VerifyResponseOptions['ownerOf']>, { signal }: CallOptions): Promise<void> {
  const owner = await ownerOf(name, { signal });
  if (owner === null || !isOwner(publicKey, owner))
    throw new NamesteadError('NameNotOwned', `${JSON.stringify(name.slice(0, 64))} does not belong to who signs in with it`);
}

function isOwner(publicKey: PublicKey, owner: string): boolean {
  try {
    return isKeyOf(publicKey, ownerHash(owner));
  } catch {
    return false;
  }
}

function httpUrl(text: string | null): string | null {
  return text !== null && /^https?:\/\/\S+$/i.test(text) && URL.canParse(text) ? text : null;
}
