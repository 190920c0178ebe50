import { btc, demand, money } from './consensus.js';
import { outpoint, type Tx } from './tx.js';

const INCREMENTAL_RATE = 1n;
const MAX_REPLACED = 100;

/** A transaction that waits. Fees in satoshi, sizes in virtual bytes as policy counts them (20 for each signature check at least). */
export interface Waiting {
  readonly tx: Tx;
  readonly fee: bigint;
  readonly vsize: number;
  readonly sigops: number;
  readonly time: number;
  readonly height: number;
}

interface Pool {
  readonly get: (txid: string) => Waiting | null;
  readonly descendants: (txid: string) => ReadonlySet<string>;
}

/** What waits and spends the same coins. */
export function conflictsOf(tx: Tx, spender: (point: string) => string | null): Set<string> {
  return new Set(tx.transaction.inputs.flatMap((input) => spender(outpoint(input)) ?? []));
}

/**
 * BIP 125 without its opt-in, as nodes do since full replacement: pay a higher rate than each transaction replaced, more than all of
 * them together and their own relay, and bring no new unconfirmed coins. Answers all that would leave.
 * @throws {@link Rejection}
 */
export function checkReplacement(entry: Waiting, conflicts: ReadonlySet<string>, pool: Pool): ReadonlySet<string> {
  if (conflicts.size === 0) return conflicts;
  const direct = [...conflicts].flatMap((txid) => pool.get(txid) ?? []);
  const worse = direct.find((other) => entry.fee * BigInt(other.vsize) <= other.fee * BigInt(entry.vsize));
  demand(!worse, 'insufficient fee', `rejecting replacement ${entry.tx.txid}; new feerate ${rate(entry)} <= old feerate ${worse ? rate(worse) : ''}`);
  const leaving = new Set<string>();
  for (const txid of conflicts) for (const other of [txid, ...pool.descendants(txid)]) leaving.add(other);
  demand(
    leaving.size <= MAX_REPLACED,
    'too many potential replacements',
    `rejecting replacement ${entry.tx.txid}; too many potential replacements (${leaving.size} > ${MAX_REPLACED})`,
  );
  const known = new Set(direct.flatMap((other) => other.tx.transaction.inputs.map((input) => input.txid)));
  const newcomer = entry.tx.transaction.inputs.findIndex((input) => pool.get(input.txid) !== null && !known.has(input.txid));
  demand(newcomer < 0, 'replacement-adds-unconfirmed', `replacement ${entry.tx.txid} adds unconfirmed input, idx ${newcomer}`);
  const paid = [...leaving].reduce((sum, txid) => sum + (pool.get(txid)?.fee ?? 0n), 0n);
  demand(entry.fee >= paid, 'insufficient fee', `rejecting replacement ${entry.tx.txid}, less fees than conflicting txs; ${money(entry.fee)} < ${money(paid)}`);
  const relay = INCREMENTAL_RATE * BigInt(entry.vsize);
  demand(
    entry.fee - paid >= relay,
    'insufficient fee',
    `rejecting replacement ${entry.tx.txid}, not enough additional fees to relay; ${money(entry.fee - paid)} < ${money(relay)}`,
  );
  return leaving;
}

function rate({ fee, vsize }: Waiting): string {
  return `${btc((fee * 1000n) / BigInt(vsize))} BTC/kvB`;
}
