import { isLoopbackHost, isPublicHost, profileUrls, type HostPredicate } from './zones/profileUrl.js';
import { findZoneFile } from './zones/find.js';
import { parseZoneFile, type ZoneFile } from './zones/zonefile.js';
import type { ZonePublisher, ZoneSource } from './zones/zones.js';
import type { Channel } from './auth/channel.js';
import { session, type Session, type SessionStore, type UserData } from './auth/session.js';
import type { AuthRequestFields } from './auth/request.js';
import { fromUtf8, toUtf8Strict } from './lib/bytes.js';
import type { CallOptions, Clock, LongCallOptions } from './lib/clock.js';
import { NamesteadError } from './lib/errors.js';
import { parsePrivateKey, signerOf, type PrivateKey, type Signer } from './lib/key.js';
import type { Http } from './lib/http.js';
import type { LookupOptions, Names } from './names/names.js';
import type { Evidence } from './names/proof.js';
import type { NameRecord } from './names/record.js';
import type { RegisterTerms, Registered } from './names/registration.js';
import type { RunOptions } from './names/bitcoin/run.js';
import type { Profile } from './profiles/profile.js';
import { findProfile } from './profiles/profiles.js';
import { sealed } from './storage/sealed.js';
import type { Condition, File, Reader, Store } from './storage/store.js';

/** What the caller of {@link Client.register} says; where it is asked and journaled stands in the registrar. */
export type RegisterRequest = Pick<RegisterTerms, 'name' | 'zoneFile' | 'owner' | 'payer' | 'maxPrice'>;

/** Registers on one chain: `register` bound to its world. */
export type Registrar = (request: RegisterRequest & Pick<RegisterTerms, 'publish'>, options: RunOptions) => Promise<Registered>;

/** What a sign-in gives of the user's storage. */
export interface BucketAccess {
  /** The hub's URL. */
  readonly hub: string;
  /** Signs with the app key. */
  readonly signer: Signer;
  /** The identity's word for the app key, for hubs that admit identities only. */
  readonly associationToken: string | undefined;
}

/** Everything a client stands on. Each call needs some of it, and a missing part is a `TypeError` that names it. */
export interface World {
  readonly clock: Clock;
  /** For profiles. Every adapter brings its own. */
  readonly http?: Http;
  /** Proves names: `resolve`, `signIn`, and `get` from others. */
  readonly names?: Names;
  /** Who to ask for zone files. */
  readonly zones?: readonly ZoneSource[];
  /** Who to hand zone files: `register`. */
  readonly publish?: ZonePublisher;
  readonly registrar?: Registrar;
  /** Which hosts a zone file may send us to. Default: public ones. A devnet lies on loopback: `allowLoopback`. */
  readonly allowHost?: HostPredicate;
  /** The app's origin, scheme://host[:port]: `signIn`, and `get` from others. */
  readonly origin?: string;
  readonly session?: SessionStore;
  /** Brings sign-in requests to the user's wallet: a redirect, a popup, a loopback listener. */
  readonly channel?: Channel;
  /** Where the signed-in user's files lie: `(access) => gaia({ ...access, clock })`. */
  readonly bucket?: (access: BucketAccess) => Store;
  /** How they are kept there. Default {@link sealed}: encrypted to the app key, signed by it, never overwritten unseen. */
  readonly files?: (bucket: Store, key: PrivateKey) => Store;
  /** Others' files: what stands at `url`, signed by the key behind `address`. */
  readonly bucketOf?: (url: string, address: string) => Reader;
}

export interface Resolved {
  readonly record: NameRecord;
  /** How far the record was proved, as of when, what was checked and what was not. */
  readonly evidence: Evidence;
  /** Null when the name points to none. */
  readonly zoneFile: ZoneFile | null;
  /** Signed by the owner; null when the zone file names no place for one. */
  readonly profile: Profile | null;
  /** Where the profile was found. */
  readonly profileUrl: string | null;
}

export interface ResolveOptions extends LookupOptions {
  /** Stop at the zone file. Default false. */
  readonly withoutProfile?: boolean | undefined;
}

export interface SignInOptions extends Omit<AuthRequestFields, 'domain'>, CallOptions {
  /** The wallet's answer that came with this page's URL, as the redirect adapter takes it; null and undefined: none came. */
  readonly response?: string | null | undefined;
}

export interface PutFileOptions extends CallOptions {
  /** Default: `text/plain; charset=utf-8` for a string, else `application/octet-stream`. */
  readonly contentType?: string | undefined;
  readonly condition?: Condition | undefined;
}

export interface GetFileOptions extends LongCallOptions {
  /** Another user's name: the bucket is found through the proved name and its signed profile. Default: the signed-in user. */
  readonly from?: string | undefined;
}

export interface ClientFile extends File {
  /** The body as UTF-8. @throws NamesteadError `Malformed` */
  text(): string;
}

export interface Client {
  resolve(name: string, options?: ResolveOptions): Promise<Resolved>;
  register(request: RegisterRequest, options?: RunOptions): Promise<Registered>;
  /** Who is signed in, else whom the wallet answers for. After a redirect the answer waits in the page's URL: pass it as `response`. */
  signIn(options?: SignInOptions): Promise<UserData>;
  /** Forgets the session on this machine. */
  signOut(): Promise<void>;
  /** Who is signed in; null when nobody is. */
  user(): Promise<UserData | null>;
  /**
   * Writes a file of the signed-in user, encrypted and signed unless the world's `files` says otherwise. A file that was not read or written here since
   * the page was loaded is not overwritten (`PreconditionFailed`): `get` it first, or pass `condition: { kind: 'any' }`.
   */
  put(path: string, body: string | Uint8Array, options?: PutFileOptions): Promise<{ readonly etag: string | null; readonly url: string | null }>;
  /** `null`: no such file, says its host. */
  get(path: string, options?: GetFileOptions): Promise<ClientFile | null>;
}

/** Loopback beside public hosts, for a devnet on one's own machine. */
export const allowLoopback: HostPredicate = (host) => isPublicHost(host) || isLoopbackHost(host);

/**
 * Names, sign-in and files over ports that the caller chooses. What servers answer is checked on the way in; `resolve` says how far.
 *
 * `resolve` throws what {@link Names} throws, `ZoneFileMissing`, `ZoneFileMismatch`, `ProfileMissing`, `ProfileMismatch`; `register` as `register` of
 * names; `signIn` as `Session.finish`, and `NameNotOwned` when the answer's name is another's by our own proof; `put` and `get` as the composed store,
 * and `SessionMissing` when nobody is signed in.
 *
 * @example
 * const client = createClient({ clock: systemClock(), http: http(), names, zones: [atlas({ url }).get] });
 * const { record, evidence, profile } = await client.resolve('alice.id');
 */
export function createClient(world: World): Client {
  const clock = need(world.clock, 'clock');

  const resolve = async (name: string, { withoutProfile = false, ...options }: ResolveOptions = {}): Promise<Resolved> => {
    const found = await need(world.names, 'names').lookup(textOf(name, 'a name'), options);
    if (found === null) throw new NamesteadError('NotFound', `${name} is registered to nobody, and that is proved`);
    const { record, evidence } = found;
    if (record.zoneFileHash === null) return { record, evidence, zoneFile: null, profile: null, profileUrl: null };
    const zoneFile = parseZoneFile(await findZoneFile(record.zoneFileHash, need(world.zones, 'zones'), { clock, signal: options.signal }));
    const urls = withoutProfile ? [] : profileUrls(zoneFile, world.allowHost);
    if (urls.length === 0) return { record, evidence, zoneFile, profile: null, profileUrl: null };
    const { profile, url } = await findProfile(urls, record.owner, { http: need(world.http, 'http'), clock, signal: options.signal });
    return { record, evidence, zoneFile, profile, profileUrl: url };
  };

  const ownerOf = async (name: string, options: CallOptions): Promise<string | null> =>
    (await need(world.names, 'names').lookup(name, options))?.record.owner ?? null;

  const mine = (): Session => session({ domain: originOf(world), store: need(world.session, 'session'), clock, ownerOf });

  const signedIn = async (): Promise<UserData> => {
    const user = await mine().user();
    if (user === null) throw new NamesteadError('SessionMissing', 'nobody is signed in: call signIn first');
    return user;
  };

  /** One store for as long as the user is the same: it remembers what it saw. */
  let held: { readonly access: string; readonly store: Store } | null = null;
  const myFiles = async (): Promise<Store> => {
    const { appPrivateKey, hubUrl: hub, gaiaAssociationToken } = await signedIn();
    const access = `${appPrivateKey} ${hub} ${gaiaAssociationToken ?? ''}`;
    if (held?.access !== access) {
      const key = parsePrivateKey(appPrivateKey);
      const bucket = need(world.bucket, 'bucket')({ hub, signer: signerOf(key), associationToken: gaiaAssociationToken ?? undefined });
      held = { access, store: (world.files ?? sealed)(bucket, key) };
    }
    return held.store;
  };

  const bucketOf = async (name: string, options: LongCallOptions): Promise<Reader> => {
    const { profile } = await resolve(name, options);
    const origin = originOf(world);
    const url = profile === null ? null : bucketUrl(profile, origin, world.allowHost ?? isPublicHost);
    if (url === null) throw new NamesteadError('NotFound', `${name} keeps no files for ${origin}: its profile names no bucket that may be asked`);
    return need(world.bucketOf, 'bucketOf')(url.href, url.address);
  };

  return {
    resolve,
    register: async (request, options = {}) => need(world.registrar, 'registrar')({ ...request, publish: need(world.publish, 'publish') }, options),
    signIn: async ({ response, signal, ...fields } = {}) => {
      const me = mine();
      const finish = (answer: string): Promise<UserData> => me.finish(answer, { signal });
      if (typeof response === 'string') return finish(response);
      return (await me.user()) ?? need(world.channel, 'channel')(await me.begin(fields), finish, { signal });
    },
    signOut: async () => mine().end(),
    user: async () => mine().user(),
    put: async (path, body, { contentType, condition, signal } = {}) => {
      const place = relative(path);
      const bytes = bytesOf(body);
      const store = await myFiles();
      const type = contentType ?? (typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream');
      return store.put(place, bytes, { contentType: type, condition, signal });
    },
    get: async (path, { from, signal, onProgress } = {}) => {
      const place = relative(path);
      const reader = from === undefined ? await myFiles() : await bucketOf(from, { signal, onProgress });
      const file = await reader.get(place, { signal });
      return file && { ...file, text: () => toUtf8Strict(file.body) };
    },
  };
}

/**
 * Where the owner of a profile keeps an app's files, and the address that its key has (the path's last part). A stranger wrote the URL:
 * it leads to hosts that `allowHost` lets pass, and holds nothing but a path.
 */
function bucketUrl({ claim }: Profile, origin: string, allowHost: HostPredicate): { readonly href: string; readonly address: string } | null {
  const { apps } = claim as { readonly apps?: unknown };
  const text: unknown = typeof apps === 'object' && apps !== null && Object.hasOwn(apps, origin) ? (apps as Record<string, unknown>)[origin] : undefined;
  if (typeof text !== 'string' || !URL.canParse(text)) return null;
  const { protocol, username, password, hostname, host, pathname, search, hash } = new URL(text);
  if (!/^https?:$/.test(protocol) || username + password + search + hash !== '' || !allowHost(hostname)) return null;
  const address = /\/([13][1-9A-HJ-NP-Za-km-z]{25,34})\/?$/.exec(pathname)?.[1];
  return address === undefined ? null : { href: `${protocol}//${host}${pathname}${pathname.endsWith('/') ? '' : '/'}`, address };
}

function relative(path: string): string {
  return textOf(path, 'a path').replace(/^\/+/, '');
}

function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return fromUtf8(body);
  if (!ArrayBuffer.isView(body)) throw new TypeError('what is put is text or bytes (a string or a Uint8Array)');
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new TypeError(`${what} is text`);
  return value;
}

/** App keys and buckets hang on the very text of an origin: another spelling would be another app. */
function originOf(world: World): string {
  const origin = textOf(need(world.origin, 'origin'), 'world.origin');
  if (!URL.canParse(origin) || new URL(origin).origin !== origin)
    throw new TypeError(`world.origin is scheme://host[:port] without a slash at the end, as location.origin gives it, not ${JSON.stringify(origin)}`);
  return origin;
}

function need<T>(part: T | undefined, name: keyof World): T {
  if (part === undefined || part === null) throw new TypeError(`this call needs world.${name}: pass it to createClient`);
  return part;
}
