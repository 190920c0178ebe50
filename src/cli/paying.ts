import { join } from 'node:path';
import type { CallOptions } from '../lib/clock.js';
import { isNamesteadError } from '../lib/errors.js';
import { expectOk, http, parseJson } from '../lib/http.js';
import { asFields, asList } from '../lib/shape.js';
import { fileJournal } from '../names/adapters/fileJournal.js';
import type { StandingWorld } from '../names/bitcoin/standing.js';
import { provedTerms } from '../names/bitcoin/provedTerms.js';
import type { RegistrationWorld } from '../names/registration.js';
import type { Journal } from '../names/journal.js';
import { home } from './home.js';
import { openNames } from './proving.js';
import type { Values } from './options.js';
import { headersOf, indexerOf, NO_TRANSACTIONS, parseAnchor, type Session } from './session.js';
import { firstOf } from './sources.js';
import { rateOf } from './usage.js';

/** What drawing up asks; with an anchor what can be proved is proved. */
export async function standingWorld(session: Session): Promise<StandingWorld> {
  const { network, sources, call } = session;
  const indexer = indexerOf(session);
  const headers = headersOf(session);
  const anchor = parseAnchor(call.values.anchor, network);
  if (!anchor) return { indexer, headers: firstOf(headers, '') };
  const transactions = firstOf(sources.transactions, NO_TRANSACTIONS);
  return provedTerms({ network, anchor, headers, transactions, indexer, chain: await session.chain({ full: true }), names: await openNames(session, 'snv') });
}

/** What payments ask and write to. */
export async function payingWorld(session: Session): Promise<RegistrationWorld> {
  const { network, sources, clock, call } = session;
  const [history] = sources.histories;
  const transactions = firstOf(sources.transactions, NO_TRANSACTIONS);
  const payments = firstOf(sources.payments, 'coins are asked and payments sent: give --esplora, --electrum or --bitcoind');
  return { ...(await standingWorld(session)), network, transactions, payments, history, journal: openJournal(call.values), clock };
}

export function journalPath({ journal }: Values): string {
  return journal ?? join(home(), 'journal');
}

export function openJournal(values: Values): Journal {
  return fileJournal({ directory: journalPath(values) });
}

/** What miners get, as the options say. */
export function feesOf(values: Values): { readonly feeRate: number | undefined; readonly maxFeeRate: number | undefined } {
  return { feeRate: rateOf(values['fee-rate'], 'fee-rate'), maxFeeRate: rateOf(values['max-fee-rate'], 'max-fee-rate') };
}

/** How many names an address owns, where the node tells; undefined where it does not. */
export async function ownedNames({ sources: { nodes } }: Session, address: string, options: CallOptions): Promise<StandingQuota | undefined> {
  const [node] = nodes;
  if (node === undefined) return undefined;
  const ask = http();
  const count: StandingQuota = async (of, { signal } = {}) => {
    const what = `${node}/v1/addresses/bitcoin/${of}`;
    const { names } = asFields(parseJson(expectOk(await ask(what, { signal }), what).body, what), what);
    return asList(names, what, 100_000).length;
  };
  try {
    await count(address, options);
    return count;
  } catch (error) {
    if (isNamesteadError(error, 'Aborted') || !isNamesteadError(error)) throw error;
    return undefined;
  }
}

type StandingQuota = (address: string, options?: CallOptions) => Promise<number>;
