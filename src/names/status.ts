import { receiptOf, type Receipt } from './bitcoin/plan.js';
import { decodePlan } from './bitcoin/planCodec.js';
import type { Journal } from './journal.js';

/**
 * Where a plan stands, as its journal tells without asking anybody. `planned`: the next transaction is to be drawn up; `funded`: its
 * coins are set aside; `sent`: it is signed and written down, so it may be on the network; `publishing`: all is paid and
 * accepted, the zone file is to be published; `done`.
 */
export interface PlanStatus {
  readonly stage: 'planned' | 'funded' | 'sent' | 'publishing' | 'done';
  /** What waits, for `sent`: display hex and satoshi. */
  readonly waiting: { readonly operation: string; readonly txid: string; readonly fee: bigint } | null;
  /** Former versions of it, with lower fees or refused, either of which may still be mined; display hex. */
  readonly former: readonly string[];
  /** Steps that are confirmed and accepted. */
  readonly receipts: readonly Receipt[];
}

/**
 * Reads how far a registration, a change, a namespace or an import is.
 * @param key `registrationKey`, `changeKey`, `namespaceKey` or `importKey`
 * @returns null: the journal holds no such plan
 * @throws NamesteadError `JournalCorrupt`, and as the journal
 * @example
 * const status = await readStatus(registrationKey('alice.id', network), journal);
 */
export async function readStatus(key: string, journal: Journal): Promise<PlanStatus | null> {
  const bytes = await journal.load(key);
  if (!bytes) return null;
  const { state, receipts } = decodePlan(bytes, key);
  const told = { receipts: receipts.map(receiptOf), waiting: null, former: [] };
  switch (state.kind) {
    case 'planned':
      return { ...told, stage: state.coins.length > 0 ? 'funded' : 'planned', former: state.former.map(({ txid }) => txid) };
    case 'signed': {
      const { operation, txid, fee } = state.current;
      return { ...told, stage: 'sent', waiting: { operation, txid, fee }, former: state.former.map((former) => former.txid) };
    }
    case 'settled':
      return { ...told, stage: 'publishing' };
    case 'done':
      return { ...told, stage: 'done' };
  }
}
