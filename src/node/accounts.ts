import { accountAt, type BlockResult, type State } from '../names/bitcoin/rules.js';
import { enter, put } from '../names/bitcoin/undo.js';

/** An account as a block left it; micro-STACKS. */
export interface AccountRowAt {
  readonly address: string;
  readonly credit: bigint;
  readonly debit: bigint;
  readonly lockedUntil: number;
  readonly height: number;
  /** The last operation of the block that names the account; empty and 0 when none does, as for tokens that came free. */
  readonly txid: string;
  readonly index: number;
}

export interface Accounts {
  /** As it stands after the last block; null when there is none. */
  account(address: string): AccountRowAt | null;
  /** As each block left it that changed it, newest first. */
  accountHistory(address: string): readonly AccountRowAt[];
}

/** Accounts over time. The rules keep only how they stand. */
export function accountsOf(state: State): Accounts & { addBlock(result: BlockResult): void } {
  const rows = state.tables.table<string, AccountRowAt>('accountRows');
  const heights = state.tables.index('accountHistory');
  const history = (address: string): AccountRowAt[] =>
    [...heights.members(address)]
      .sort()
      .reverse()
      .flatMap((height) => rows.get(`${address} ${height}`) ?? []);
  return {
    account: (address) => {
      const [last] = history(address);
      if (last) return last;
      const row = state.accounts.get(address);
      return row && accountAt(state, address)
        ? { address, credit: row.credit, debit: row.debit, lockedUntil: row.lockedUntil, height: state.network.firstBlock - 1, txid: '', index: 0 }
        : null;
    },
    accountHistory: history,
    addBlock: ({ height, operations }) => {
      const changed = new Set(state.page.flatMap((change) => ('table' in change && change.table === 'accounts' ? [String(change.key)] : [])));
      for (const address of changed) {
        const row = state.accounts.get(address);
        if (!row) continue;
        const last = operations.findLast((record) => record['address'] === address || record['recipient_address'] === address);
        const at = height.toString(16).padStart(8, '0');
        put(state, rows, `${address} ${at}`, {
          address,
          credit: row.credit,
          debit: row.debit,
          lockedUntil: row.lockedUntil,
          height,
          txid: last?.txid ?? '',
          index: last?.vtxindex ?? 0,
        });
        enter(state, heights, address, at);
      }
    },
  };
}
