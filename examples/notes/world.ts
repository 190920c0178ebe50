import { allowLoopback, appKeyOfUser, bitcoinNames, createClient, http, sealed, signerOf, under, type Client, type Store, type UserData } from 'namestead';
import { localSession } from 'namestead/auth/localSession';
import { redirect, type Redirect } from 'namestead/auth/redirect';
import { systemClock } from 'namestead/clock';
import { devnetNetwork } from 'namestead/devnet/network';
import { esplora } from 'namestead/names/bitcoin/esplora';
import { indexer } from 'namestead/names/bitcoin/indexer';
import { gaia } from 'namestead/storage/gaia';
import { atlas } from 'namestead/zones/atlas';
import type { NotesConfig } from './config.js';

const clock = systemClock();

/** The client and its way to the wallet. For Bitcoin's main chain put `mainnet` for the devnet's network and leave `allowHost` out. */
export function createWorld(config: NotesConfig): { readonly client: Client; readonly wallet: Redirect } {
  const bitcoin = esplora({ url: config.esplora });
  const wallet = redirect({ authenticator: config.wallet });
  const client = createClient({
    clock,
    http: http(),
    names: bitcoinNames({
      network: devnetNetwork,
      anchor: config.anchor,
      headers: bitcoin,
      transactions: bitcoin,
      indexer: indexer({ url: config.node }),
    }),
    zones: config.atlas.map((url) => atlas({ url }).get),
    allowHost: allowLoopback,
    origin: location.origin,
    session: localSession(),
    channel: wallet.ask,
  });
  return { client, wallet };
}

/** The user's notes: sealed to the app key, signed by it, and never written over a version that was not seen here. */
export function notesOf(user: UserData): Store {
  const key = appKeyOfUser(user);
  const hub = gaia({ hub: user.hubUrl, signer: signerOf(key), clock, associationToken: user.gaiaAssociationToken ?? undefined });
  return sealed(under(hub, 'notes/'), key);
}
