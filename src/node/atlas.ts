import type { Hash160 } from '../lib/address.js';
import { fromHex, toBase64, toHex } from '../lib/bytes.js';
import type { Clock } from '../lib/clock.js';
import type { Http } from '../lib/http.js';
import { callJson } from '../lib/xmlrpc.js';
import { packInventory } from '../zones/inventory.js';
import { isPeer, openZoneFiles, parsePeers, parseSaved, peerLimits } from '../zones/peer.js';
import { hashZoneFile } from '../zones/zonefile.js';
import type { Ledger } from './ledger.js';
import type { Shelf } from './shelf.js';

export interface AtlasOptions {
  readonly ledger: Ledger;
  readonly shelf: Shelf;
  readonly clock: Clock;
  readonly http: Http;
  /** URLs, or `host:port`. */
  readonly peers: readonly string[];
  readonly onError: (error: unknown) => void;
}

/**
 * A peer of the Atlas network (atlas.md a). It takes a zone file only when the chain names it, and pulls from its neighbours what
 * the chain names and it lacks.
 */
export interface AtlasPeer {
  get(hash: string): Promise<Uint8Array | null>;
  /** Keeps a zone file that the chain names, and hands it on; false for any other. */
  put(bytes: Uint8Array): Promise<boolean>;
  inventory(): Uint8Array;
  /** `host:port` of the neighbours. */
  peers(): string[];
  /** A neighbour that made itself known. */
  meet(peer: string): void;
  /** Makes itself known to its neighbours as `host:port`. */
  greet(self: string): void;
  /** Looks for what is missing, now: the chain has grown. */
  wake(): void;
  close(): Promise<void>;
}

/** Milliseconds to the next pull: soon after a block, ever rarer while nobody has what is missing; the last is the pace of the old network. */
const SOONEST = 250;
const LATEST = 300_000;
const PULL_TIMEOUT = 30_000;
const PUSH_TIMEOUT = 10_000;
/** The most files that wait to be pulled at once; the rest waits for a later round. */
const ROUND = 1000;

export function atlasPeer({ ledger, shelf, clock, http, peers, onError }: AtlasOptions): AtlasPeer {
  const over = new AbortController();
  const { signal } = over;
  let nap = new AbortController();
  const neighbours = new Set(peers.map(urlOf));
  const handed = new Set<Promise<void>>();

  const missing = (): string[] => [...new Set(ledger.lookups().zoneFileHashes())].filter((hash) => !shelf.has(hash));

  const pullFrom = async (url: string): Promise<void> => {
    const wanted = missing().slice(0, ROUND);
    for (let from = 0; from < wanted.length; from += peerLimits.hashes) {
      const hashes = wanted.slice(from, from + peerLimits.hashes);
      const answer = await callJson(http, url, 'get_zonefiles', [hashes], { signal, limit: peerLimits.answer, timeout: PULL_TIMEOUT });
      const { found } = openZoneFiles(
        answer,
        hashes.map((hash) => fromHex(hash) as Hash160),
      );
      for (const [hash, bytes] of found) await shelf.put(hash, bytes);
    }
  };

  const round = async (): Promise<void> => {
    for (const url of neighbours) {
      if (missing().length === 0) return;
      await pullFrom(url).catch((error: unknown) => {
        if (!signal.aborted) onError(error);
      });
    }
  };

  const run = async (): Promise<void> => {
    for (let pause = SOONEST; !signal.aborted;) {
      nap = new AbortController();
      await round();
      const idle = missing().length === 0;
      const woken = await clock.sleep(idle ? LATEST : pause, AbortSignal.any([signal, nap.signal])).then(
        () => false,
        () => true,
      );
      pause = woken || idle ? SOONEST : Math.min(pause * 2, LATEST);
    }
  };
  const ended = run();

  const later = (work: Promise<void>): void => {
    const watched = work
      .catch((error: unknown) => {
        if (!signal.aborted) onError(error);
      })
      .finally(() => handed.delete(watched));
    handed.add(watched);
  };

  const push = async (url: string, bytes: Uint8Array): Promise<void> => {
    parseSaved(await callJson(http, url, 'put_zonefiles', [[toBase64(bytes)]], { signal, timeout: PUSH_TIMEOUT }), 1);
  };

  return {
    get: (hash) => shelf.get(hash),
    put: async (bytes) => {
      const hash = toHex(hashZoneFile(bytes));
      if (ledger.lookups().bitsOf(hash).length === 0) return false;
      if (shelf.has(hash)) return true;
      await shelf.put(hash, bytes);
      // Only what is new is handed on, so that a file goes round once.
      for (const url of neighbours) later(push(url, bytes));
      return true;
    },
    inventory: () =>
      packInventory(
        ledger
          .lookups()
          .zoneFileHashes()
          .map((hash) => shelf.has(hash)),
      ),
    peers: () =>
      [...neighbours]
        .map((url) => new URL(url))
        .map(({ hostname, port, protocol }) => `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`)
        .filter(isPeer)
        .slice(0, peerLimits.peers),
    meet: (peer) => {
      if (!isPeer(peer) || neighbours.size >= peerLimits.peers) return;
      neighbours.add(urlOf(peer));
      nap.abort();
    },
    greet: (self) => {
      for (const url of neighbours)
        later(callJson(http, url, 'atlas_peer_exchange', [self], { signal, timeout: PUSH_TIMEOUT }).then((answer) => void parsePeers(answer)));
    },
    wake: () => {
      nap.abort();
    },
    close: async () => {
      over.abort(new Error('the node was closed'));
      await Promise.all([ended, ...handed]);
    },
  };
}

function urlOf(peer: string): string {
  return peer.includes('://') ? new URL(peer).href : `http://${peer}/`;
}
