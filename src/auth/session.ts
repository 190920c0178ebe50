import { toHex } from '../lib/bytes.js';
import type { CallOptions } from '../lib/clock.js';
import { NamesteadError } from '../lib/errors.js';
import { generatePrivateKey, keyAgreementOf, parsePrivateKey, signerOf } from '../lib/key.js';
import type { PrivateKey } from '../lib/key.js';
import { isFields } from '../lib/shape.js';
import { didOfAddress } from '../profiles/did.js';
import { makeAuthRequest } from './request.js';
import type { AuthRequestFields } from './request.js';
import { openAuthResponse } from './response.js';
import type { OpenResponseOptions, SignedIn } from './response.js';
import { isDeclined } from './transport.js';

const VERSION = '1.0.0';

/** Where one session lies, as JSON text. It holds the app key: whoever reads it reads and writes the user's files. */
export interface SessionStore {
  /** `null`: nothing was saved. */
  load(): Promise<string | null>;
  /** `null` removes it. */
  save(text: string | null): Promise<void>;
}

/** What a session remembers of the user, member by member as peers keep it. Keys are hex. */
export interface UserData {
  readonly username: string | null;
  readonly email: string | null;
  readonly decentralizedID: string;
  readonly identityAddress: string;
  readonly appPrivateKey: string;
  readonly appPrivateKeyFromWalletSalt: string | null;
  readonly coreSessionToken: string | null;
  readonly authResponseToken: string;
  readonly hubUrl: string;
  /** Never the host that a token names: peers would ask it who owns a name. */
  readonly coreNode: null;
  readonly gaiaAssociationToken: string | null;
  readonly profile: Readonly<Record<string, unknown>> | null;
}

export type SessionState =
  | { readonly kind: 'out' }
  /** A request is under way. `domain` is the origin it was made for; null when a peer made it. */
  | { readonly kind: 'pending'; readonly transitKey: string; readonly domain: string | null }
  | { readonly kind: 'in'; readonly user: UserData };

/** Signing in, from the app's side. */
export interface Session {
  /** A fresh request, its transit key kept until the answer comes. An earlier request that was not answered is forgotten. */
  begin(fields?: Omit<AuthRequestFields, 'domain'>): Promise<string>;
  /** Takes the wallet's answer, and deletes the transit key. */
  finish(response: string, options?: CallOptions): Promise<UserData>;
  /** Who is signed in; null when nobody is. */
  user(): Promise<UserData | null>;
  /** Forgets everything. */
  end(): Promise<void>;
}

export interface SessionOptions extends Omit<OpenResponseOptions, 'signal'> {
  /** The app's origin. An answer to a request that was made for another one is refused. */
  readonly domain: string;
  readonly store: SessionStore;
}

/**
 * A session in the form of Blockstack's (`blockstack-session`, version 1.0.0).
 *
 * `begin` throws `SignInRejected` when somebody is signed in. `finish` throws `SignInRejected` when the wallet brings a no,
 * `SessionMissing` without a request under way, `ResponseUnbound` when it was made for another origin, and what `openAuthResponse` throws; the
 * request then stays under way.
 *
 * @example
 * const me = session({ domain: location.origin, store: localSession(), clock, ownerOf });
 * const request = await me.begin({ scopes: ['store_write'] });
 * // … the wallet answers …
 * const user = await me.finish(response);
 */
export function session({ domain, store, ...options }: SessionOptions): Session {
  const state = async (): Promise<SessionState> => parseSession(await store.load());
  return {
    begin: async (fields = {}) => {
      if ((await state()).kind === 'in') throw new NamesteadError('SignInRejected', 'somebody is signed in: end the session first');
      const transitKey = generatePrivateKey();
      await store.save(formatSession({ kind: 'pending', transitKey: toHex(transitKey), domain }));
      return makeAuthRequest({ ...fields, domain }, signerOf(transitKey), options);
    },
    finish: async (response, { signal } = {}) => {
      if (isDeclined(response)) throw new NamesteadError('SignInRejected', 'the user said no in the wallet');
      const pending = await state();
      if (pending.kind !== 'pending') throw new NamesteadError('SessionMissing', 'no sign-in is under way: its request was answered or never made');
      if (pending.domain !== null && pending.domain !== domain) {
        throw new NamesteadError('ResponseUnbound', `the request under way was made for ${pending.domain}, not for ${domain}`);
      }
      const user = userDataOf(await openAuthResponse(response, keyAgreementOf(parsePrivateKey(pending.transitKey)), { ...options, signal }));
      await store.save(formatSession({ kind: 'in', user }));
      return user;
    },
    user: async () => {
      const now = await state();
      return now.kind === 'in' ? now.user : null;
    },
    end: () => store.save(null),
  };
}

/** Keeps the session in memory, for programs that end with it. */
export function memorySession(text: string | null = null): SessionStore {
  let kept = text;
  return {
    load: () => Promise.resolve(kept),
    save: (next) => {
      kept = next;
      return Promise.resolve();
    },
  };
}

/** The app's private key of a user. */
export function appKeyOfUser(user: UserData): PrivateKey {
  return parsePrivateKey(user.appPrivateKey);
}

export function userDataOf(signedIn: SignedIn): UserData {
  const saltKey = signedIn.walletSaltKey();
  return {
    username: signedIn.username,
    email: signedIn.email,
    decentralizedID: didOfAddress(signedIn.address),
    identityAddress: signedIn.address,
    appPrivateKey: toHex(signedIn.appKey()),
    appPrivateKeyFromWalletSalt: saltKey && toHex(saltKey),
    coreSessionToken: signedIn.coreToken(),
    authResponseToken: signedIn.token,
    hubUrl: signedIn.hubUrl,
    coreNode: null,
    gaiaAssociationToken: signedIn.associationToken,
    profile: signedIn.profile,
  };
}

export function formatSession(state: SessionState): string {
  if (state.kind === 'pending') return JSON.stringify({ version: VERSION, transitKey: state.transitKey, etags: {}, domain: state.domain });
  return JSON.stringify({ version: VERSION, ...(state.kind === 'in' ? { userData: state.user } : {}), etags: {} });
}

/** Reads a session, a peer's too. @throws NamesteadError `Malformed` for another version or another shape */
export function parseSession(text: string | null): SessionState {
  if (text === null || text === '') return { kind: 'out' };
  const { version, transitKey, userData, domain } = fieldsOf(text);
  if (version !== VERSION) throw malformed(`has a version other than ${VERSION}`);
  if (userData !== undefined && userData !== null) return { kind: 'in', user: parseUserData(userData) };
  if (transitKey === undefined || transitKey === null || transitKey === '') return { kind: 'out' };
  return { kind: 'pending', transitKey: toHex(keyOf(transitKey, 'transitKey')), domain: typeof domain === 'string' ? domain : null };
}

function parseUserData(value: unknown): UserData {
  if (!isFields(value)) throw malformed('has userData that is no object');
  const text = (member: string): string | null => {
    const found = value[member];
    return typeof found === 'string' ? found : null;
  };
  const address = text('identityAddress');
  const hubUrl = text('hubUrl');
  if (address === null || hubUrl === null) throw malformed('lacks identityAddress or hubUrl');
  return {
    username: text('username'),
    email: text('email'),
    decentralizedID: text('decentralizedID') ?? didOfAddress(address),
    identityAddress: address,
    appPrivateKey: toHex(keyOf(value.appPrivateKey, 'appPrivateKey')),
    appPrivateKeyFromWalletSalt: text('appPrivateKeyFromWalletSalt'),
    coreSessionToken: text('coreSessionToken'),
    authResponseToken: text('authResponseToken') ?? '',
    hubUrl,
    coreNode: null,
    gaiaAssociationToken: text('gaiaAssociationToken'),
    profile: isFields(value.profile) ? value.profile : null,
  };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value)) return value;
  } catch {
    // Its text may hold keys: the parser's message would quote it.
  }
  throw malformed('is not a JSON object');
}

function keyOf(value: unknown, member: string): PrivateKey {
  try {
    if (typeof value === 'string') return parsePrivateKey(value);
  } catch {
    // The same refusal as for no text.
  }
  throw malformed(`has a ${member} that is no private key`);
}

function malformed(why: string): NamesteadError {
  return new NamesteadError('Malformed', `the stored session ${why}: end it and sign in again`);
}
