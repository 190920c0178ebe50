import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import { openInclusion } from '../../names/bitcoin/confirmation.js';
import { readStatus, type PlanStatus } from '../../names/status.js';
import { answer, satoshi } from '../answer.js';
import type { Command } from '../command.js';
import { plansIn, type PlanEntry } from '../journals.js';
import { groups } from '../options.js';
import { journalPath, openJournal } from '../paying.js';
import { headersOf, NO_TRANSACTIONS, withSession, type Session } from '../session.js';
import { firstOf } from '../sources.js';
import { receiptRows } from '../steps.js';

export const statusCommand: Command = {
  synopsis: '[NAME …] [--journal DIR] [--esplora URL …] [options]',
  about: `How far the plans in the journal are, and what each waits for. Nobody is asked, unless a source of Bitcoin is given: then it tells of the transactions
that wait on that network.`,
  options: ['journal', 'network', ...groups.bitcoin],
  words: [0, 1000],
  run: (call) => withSession(call, showStatus),
};

export const namespaceStatusCommand: Command = {
  ...statusCommand,
  synopsis: '[NAMESPACE …] [--journal DIR] [--esplora URL …] [options]',
  run: (call) => withSession(call, (session) => showStatus(session, 'namespace')),
};

/** Where a transaction is: unknown where nobody was asked. */
interface Place {
  /** Blocks on it, its own included; 0: it waits in the mempool, or nobody knows it. */
  readonly confirmations: number;
  readonly height: number | null;
}

interface Told extends PlanEntry, PlanStatus {
  readonly place: Place | null;
  readonly waitsFor: string;
}

async function showStatus(session: Session, only?: PlanEntry['kind']): Promise<number> {
  const { call } = session;
  const { values, words } = call;
  const entries = (await plansIn(journalPath(values))).filter(
    ({ kind, name, network }) =>
      (only === undefined || kind === only) &&
      (words.length === 0 || words.includes(name)) &&
      (values.network === undefined || network === session.network.name),
  );
  const missing = words.find((word) => !entries.some(({ name }) => name === word));
  if (missing !== undefined) throw new NamesteadError('NotFound', `the journal ${journalPath(values)} holds nothing of ${missing}`);
  const journal = openJournal(values);
  const plans: Told[] = [];
  for (const entry of entries) {
    const status = await readStatus(entry.key, journal);
    if (!status) continue;
    const place = await placeOf(session, entry, status);
    plans.push({ ...entry, ...status, place, waitsFor: waitsFor(entry, status, place, session) });
  }
  const lines = plans.flatMap((plan) => [`${plan.kind} ${plan.name} (${plan.network}): ${plan.waitsFor}`, ...receiptRows(plan.receipts)]);
  answer(call, { ok: true, journal: journalPath(values), plans }, lines.length === 0 ? [`nothing in ${journalPath(values)}`] : lines);
  return 0;
}

/** Null where nobody can tell. */
async function placeOf(session: Session, { network }: PlanEntry, { waiting }: PlanStatus): Promise<Place | null> {
  const { sources, call } = session;
  if (!waiting || network !== session.network.name || sources.transactions.length === 0 || sources.headers.length === 0) return null;
  const world = { network: session.network, headers: firstOf(headersOf(session), ''), transactions: firstOf(sources.transactions, NO_TRANSACTIONS) };
  try {
    const found = await openInclusion(waiting.txid, session.network.confirmations, world, { signal: call.signal });
    return { confirmations: found?.confirmations ?? 0, height: found?.height ?? null };
  } catch (error) {
    if (!isNamesteadError(error) || call.signal.aborted) throw error;
    call.tell.say(`${waiting.txid} could not be asked for: ${error.code}: ${error.message}`);
    return null;
  }
}

function waitsFor({ kind, network }: PlanEntry, { stage, waiting, receipts, former }: PlanStatus, place: Place | null, session: Session): string {
  const goOn = kind === 'fund' ? 'run names register again' : 'run the command again';
  switch (stage) {
    case 'planned':
    case 'funded': {
      const last = receipts.at(-1);
      const before = last
        ? `${last.operation} is confirmed at block ${last.height}; `
        : former.length > 0
          ? 'the last transaction was refused; '
          : 'nothing is paid yet; ';
      return `${before}the next step is to be signed: ${goOn}`;
    }
    case 'sent': {
      const needed = network === session.network.name ? session.network.confirmations : null;
      const { operation = '', txid = '', fee = 0n } = waiting ?? {};
      return `${operation} is signed and sent, ${txid}, fee ${satoshi(fee)}; ${depthOf(place, needed)}: ${goOn}`;
    }
    case 'publishing':
      return kind === 'register' || kind === 'update' || kind === 'import' ? `all is paid; the zone file is to be published: ${goOn}` : `all is paid: ${goOn}`;
    case 'done':
      return 'done';
  }
}

function depthOf(place: Place | null, needed: number | null): string {
  if (!place) return 'it waits for confirmations (give a source of Bitcoin to see them)';
  if (place.confirmations === 0) return 'it is not mined yet (names bump raises its fee)';
  return `${place.confirmations} of ${needed ?? '?'} confirmations, at block ${place.height ?? '?'}`;
}
