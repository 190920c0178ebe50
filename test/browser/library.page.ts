import type * as index from '../../src/index.js';
import type * as clockModule from '../../src/lib/adapters/clock.js';
import type * as networkModule from '../../src/devnet/network.js';
import type * as esploraModule from '../../src/names/bitcoin/adapters/esplora.js';
import type * as indexerModule from '../../src/names/bitcoin/adapters/indexer.js';
import type * as journalModule from '../../src/names/adapters/indexeddbJournal.js';
import type * as atlasModule from '../../src/zones/adapters/atlas.js';
import type * as gaiaModule from '../../src/storage/adapters/gaia.js';
import type * as sessionModule from '../../src/auth/adapters/localSession.js';
import type * as redirectModule from '../../src/auth/adapters/redirect.js';
import type * as popupModule from '../../src/auth/adapters/popup.js';
import type { DevnetUrls } from '../../src/devnet/devnet.js';

// Runs in a page that loaded the built library; of its modules only types are known here.
declare const Namestead: typeof index &
  typeof clockModule &
  typeof networkModule &
  typeof esploraModule &
  typeof indexerModule &
  typeof journalModule &
  typeof atlasModule &
  typeof gaiaModule &
  typeof sessionModule &
  typeof redirectModule &
  typeof popupModule;

export interface Config {
  readonly urls: DevnetUrls;
  readonly anchor: index.Anchor;
  /** The wallet's page. */
  readonly wallet: string;
}

export interface WalletConfig {
  readonly words: string;
  readonly username: string;
  readonly hub: string;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: string; readonly message: string };

/** The window that the wallet sends back to hands the answer to the one that opened it. */
export const handedOver = Namestead.answerOpener();

function world({ urls, anchor }: Config): index.World {
  const { bitcoinNames, http, systemClock, esplora, indexer, atlas, devnetNetwork, allowLoopback, localSession } = Namestead;
  const bitcoin = esplora({ url: urls.esplora });
  const clock = systemClock();
  return {
    clock,
    http: http(),
    names: bitcoinNames({ network: devnetNetwork, anchor, headers: bitcoin, transactions: bitcoin, indexer: indexer({ url: urls.node }) }),
    zones: urls.atlas.map((url) => atlas({ url }).get),
    allowHost: allowLoopback,
    origin: location.origin,
    session: localSession(),
    bucket: (access) => Namestead.gaia({ ...access, clock }),
  };
}

async function outcome<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, code: Namestead.isNamesteadError(error) ? error.code : 'UNKNOWN', message: String(error) };
  }
}

export function resolve(config: Config, name: string) {
  return outcome(async () => {
    const { record, evidence, profile } = await Namestead.createClient(world(config)).resolve(name);
    return { owner: record.owner, level: evidence.level, completeTo: evidence.completeTo, profileName: profile?.claim['name'] };
  });
}

/** Leaves for the wallet; this page hears no more of it. */
export function leave(config: Config): void {
  const { ask } = Namestead.redirect({ authenticator: config.wallet });
  void Namestead.createClient({ ...world(config), channel: ask }).signIn();
}

export function finish(config: Config) {
  return outcome(async () => {
    const response = Namestead.redirect({ authenticator: config.wallet }).take();
    const { username, identityAddress } = await Namestead.createClient(world(config)).signIn({ response });
    return { username, identityAddress, href: location.href };
  });
}

/** Makes the page's button open the wallet in a window; what came of it is then in `outcomeOfPopup`. */
export function armPopup(config: Config): void {
  const ask = Namestead.popup({ authenticator: config.wallet, clock: Namestead.systemClock() });
  const button = document.querySelector('button');
  if (button)
    button.onclick = () => (outcomeOfPopup = outcome(async () => (await Namestead.createClient({ ...world(config), channel: ask }).signIn()).username));
}

let outcomeOfPopup: Promise<Outcome<string | null>> | null = null;

export async function popupDone(): Promise<Outcome<string | null> | null> {
  return outcomeOfPopup;
}

export async function user(config: Config): Promise<string | null> {
  return (await Namestead.createClient(world(config)).user())?.username ?? null;
}

export function signOut(config: Config): Promise<void> {
  return Namestead.createClient(world(config)).signOut();
}

export function put(config: Config, path: string, text: string) {
  return outcome(() => Namestead.createClient(world(config)).put(path, text));
}

export function get(config: Config, path: string) {
  return outcome(async () => (await Namestead.createClient(world(config)).get(path))?.text() ?? null);
}

/** A wallet whose user agrees to everything. */
export async function answer({ words, username, hub }: WalletConfig): Promise<void> {
  const { takeRequest, verifyAuthRequest, answerAuthRequest, responseUrl, openWallet, systemClock } = Namestead;
  const clock = systemClock();
  const request = verifyAuthRequest(takeRequest() ?? '', { clock });
  const identity = await (await openWallet(words)).identity(0);
  location.replace(responseUrl(request.redirectUri, await answerAuthRequest(request, identity, { clock, username, hubUrl: hub })));
}

/** A wallet whose user says no. */
export function decline(): void {
  const { takeRequest, verifyAuthRequest, declineUrl, systemClock } = Namestead;
  location.replace(declineUrl(verifyAuthRequest(takeRequest() ?? '', { clock: systemClock() }).redirectUri));
}

export async function saveEntry(name: string, bytes: readonly number[]): Promise<void> {
  const mine = Uint8Array.from(bytes);
  const was = await Namestead.indexeddbJournal({ name }).load('key');
  const saved = Namestead.indexeddbJournal({ name }).replace('key', was, mine);
  // What is saved is what was handed over, whatever its owner does next.
  mine.fill(0);
  if (!(await saved)) throw new Error('another was quicker');
}

/** How many of several writers at once, each over a connection of its own, replace what all of them read. */
export async function raceEntry(name: string, writers: number): Promise<number> {
  const was = await Namestead.indexeddbJournal({ name }).load('key');
  const tries = Array.from({ length: writers }, (_, at) => Namestead.indexeddbJournal({ name }).replace('key', was, Uint8Array.of(at, (was?.[1] ?? 0) + 1)));
  return (await Promise.all(tries)).filter((won) => won).length;
}

export function loadEntry(name: string) {
  return outcome(async () => {
    const bytes = await Namestead.indexeddbJournal({ name }).load('key');
    return bytes && [...bytes];
  });
}

export async function removeEntry(name: string): Promise<void> {
  await Namestead.indexeddbJournal({ name }).remove('key');
}

/** Something else under the journal's key, as another program's mistake would leave it. */
export async function spoilEntry(name: string): Promise<void> {
  const database = await new Promise<IDBDatabase>((done, failed) => {
    const request = indexedDB.open(name);
    request.onsuccess = () => {
      done(request.result);
    };
    request.onerror = () => {
      failed(new Error('the database did not open'));
    };
  });
  const transaction = database.transaction('journal', 'readwrite');
  transaction.objectStore('journal').put('text', 'key');
  await new Promise((done) => (transaction.oncomplete = done));
  database.close();
}
