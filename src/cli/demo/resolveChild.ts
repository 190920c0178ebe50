import { allowLoopback, createClient, type Client } from '../../client.js';
import { systemClock } from '../../lib/adapters/clock.js';
import { toHex } from '../../lib/bytes.js';
import { isNamesteadError } from '../../lib/errors.js';
import { http, type Http } from '../../lib/http.js';
import type { Anchor } from '../../names/bitcoin/names.js';
import type { DevnetUrls } from '../../devnet/devnet.js';
import { devnetNetwork } from '../../devnet/network.js';
import { devnetPorts } from '../../devnet/presets.js';
import { describe } from '../transcript.js';
import { readInput, send } from './child.js';

/** All that the second client shares with the first: URLs, the genesis header, and an anchor from outside the servers' path. */
export interface ResolveInput {
  readonly urls: DevnetUrls;
  readonly genesisHeader: string;
  readonly anchor: Anchor;
  readonly name: string;
  /** Servers that stand in the path of an honest one, by what they lie about. */
  readonly lies: readonly { readonly lie: string; readonly honest: string; readonly liar: string }[];
}

export type ResolveMessage =
  | {
      readonly kind: 'resolved';
      readonly ms: number;
      readonly owner: string;
      readonly zoneFileHash: string;
      readonly profileName: unknown;
      readonly evidence: unknown;
    }
  | { readonly kind: 'lie'; readonly lie: string; readonly code: string; readonly message: string; readonly thenHonest: boolean; readonly ms: number };

/** Resolves a name in a process of its own: first past honest servers, then past each liar. */
export async function resolveChild(): Promise<void> {
  const { urls, genesisHeader, anchor, name, lies } = await readInput<ResolveInput>();
  const network = { ...devnetNetwork, bitcoin: { ...devnetNetwork.bitcoin, genesisHeader } };
  const started = performance.now();
  const { record, evidence, profile } = await clientOf(urls, anchor, network, http()).resolve(name);
  const ms = Math.round(performance.now() - started);
  send({
    kind: 'resolved',
    ms,
    owner: record.owner,
    zoneFileHash: toHex(record.zoneFileHash ?? new Uint8Array()),
    profileName: profile?.claim['name'],
    evidence,
  });

  for (const { lie, honest, liar } of lies) {
    // One client throughout: only where its questions about `honest` go changes.
    const begun = performance.now();
    const path = { to: liar };
    const client = clientOf(urls, anchor, network, detour(honest, path));
    const { code, message } = await refusal(client, name);
    path.to = honest;
    const after = await client.resolve(name);
    send({ kind: 'lie', lie, code, message, thenHonest: after.record.txid === record.txid, ms: Math.round(performance.now() - begun) });
  }
}

function clientOf(urls: DevnetUrls, anchor: Anchor, network: typeof devnetNetwork, ask: Http): Client {
  const ports = devnetPorts({ ...urls, atlas: [urls.atlas[1], urls.atlas[1]] }, { network, http: ask });
  return createClient({ clock: systemClock(), http: ask, names: ports.names(anchor), zones: ports.zones.slice(0, 1), allowHost: allowLoopback });
}

function detour(honest: string, path: { readonly to: string }): Http {
  const ask = http();
  return (url, request) => ask(url.startsWith(honest) ? path.to + url.slice(honest.length) : url, request);
}

async function refusal(client: Client, name: string): Promise<{ code: string; message: string }> {
  try {
    await client.resolve(name);
    return { code: 'BELIEVED', message: 'the lie was believed' };
  } catch (error) {
    return { code: isNamesteadError(error) ? error.code : 'UNKNOWN', message: describe(error) };
  }
}
