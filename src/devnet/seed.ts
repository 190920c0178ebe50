import { systemClock } from '../lib/adapters/clock.js';
import { fromUtf8 } from '../lib/bytes.js';
import { memoryJournal, type Journal } from '../names/journal.js';
import { openNamespace } from '../names/namespace.js';
import { parseName } from '../names/name.js';
import { register, type RegistrationWorld } from '../names/registration.js';
import { signProfile } from '../profiles/profile.js';
import { gaia } from '../storage/adapters/gaia.js';
import { generateWords } from '../wallet/mnemonic.js';
import { openWallet } from '../wallet/wallet.js';
import { formatProfileZoneFile } from '../zones/zonefile.js';
import type { Devnet } from './devnet.js';
import { mineWhenNeeded } from './miner.js';
import { devnetPorts } from './presets.js';

/** The price curve that `.id` has on mainnet; names of a devnet cost as little as there. */
export const namespaceRules = {
  lifetime: 52_595,
  coeff: 250,
  base: 4,
  buckets: [6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  nonalphaDiscount: 4,
  noVowelDiscount: 4,
  version: 1,
};

export interface Seeded {
  readonly name: string;
  /** The owner's address. */
  readonly owner: string;
  /** The wallet that owns the name: identity 0, paid for by payment key 0. Worth nothing but on this devnet. */
  readonly words: string;
  readonly profileUrl: string;
}

/** What registrations on a devnet stand on. Without a journal of the caller's it is in memory, like the chain. */
export function registrationWorld({ urls, network }: Pick<Devnet, 'urls' | 'network'>, journal: Journal = memoryJournal()): RegistrationWorld {
  const { bitcoin, indexer } = devnetPorts(urls, { network });
  return { network, headers: bitcoin, transactions: bitcoin, payments: bitcoin, indexer, journal, clock: systemClock() };
}

/**
 * Opens a name's namespace where it is closed, registers the name, and publishes a signed profile: something to resolve and sign in with.
 *
 * @example
 * const devnet = await startDevnet();
 * const { words } = await seedName(devnet, 'alice.id');
 */
export async function seedName(devnet: Devnet, name: string, words = generateWords()): Promise<Seeded> {
  const { namespace, label } = parseName(name);
  const stopMining = mineWhenNeeded(devnet, 30);
  try {
    const world = registrationWorld(devnet);
    const wallet = await openWallet(words);
    const identity = await wallet.identity(0);
    const payment = await wallet.payment(0);
    await devnet.fund(payment.script, 4_100_000_000n);
    if ((await world.indexer.namespaceRecord(namespace)) === null) {
      await openNamespace({ ...world, namespace, rules: namespaceRules, owner: (await wallet.payment(1)).signer, payer: payment.signer });
    }
    const { publish } = devnetPorts(devnet.urls, { network: devnet.network });
    const profileUrl = `${devnet.urls.files}${identity.address}/profile.json`;
    await register({ ...world, name, zoneFile: fromUtf8(formatProfileZoneFile(name, profileUrl)), owner: identity.address, payer: payment.signer, publish });
    const profile = await signProfile({ '@context': 'http://schema.org/', '@type': 'Person', name: label }, identity.signer, { clock: world.clock });
    await gaia({ hub: devnet.urls.hub, signer: identity.signer, clock: world.clock }).put('profile.json', fromUtf8(profile), {
      contentType: 'application/json',
    });
    return { name, owner: identity.address, words, profileUrl };
  } finally {
    await stopMining();
  }
}
