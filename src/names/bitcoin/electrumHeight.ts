import type { CallOptions } from '../../lib/clock.js';
import { isNamesteadError, type NamesteadError } from '../../lib/errors.js';
import type { HistorySource, TransactionSource } from './source.js';
import { openTransaction } from './transaction.js';

/** Scripts whose history is asked to find one transaction's height. */
const MOST_SCRIPTS = 8;
const OP_RETURN = 0x6a;

/** Histories that tell what waits as height 0. */
interface Asked {
  readonly transaction: TransactionSource['transaction'];
  readonly history: HistorySource['history'];
}

/**
 * The height of a transaction by the histories of its scripts, since the protocol tells none by txid; null where it waits, or no history asked has it.
 * Some scripts are paid too often to be told: then the next is asked.
 * @throws NamesteadError `TransactionMismatch`, `Malformed`, or what the server threw
 */
export async function findHeight(txid: string, bytes: Uint8Array, asked: Asked, options?: CallOptions): Promise<number | null> {
  let failed: NamesteadError | null = null;
  let scripts = 0;
  for await (const script of scriptsOf(txid, bytes, asked, options)) {
    if (scripts++ === MOST_SCRIPTS) break;
    try {
      const found = (await asked.history(script, options)).find((one) => one.txid === txid);
      if (found) return found.height === 0 ? null : found.height;
    } catch (error) {
      if (!isNamesteadError(error, 'ServerFailed') && !isNamesteadError(error, 'HttpTooLarge')) throw error;
      failed = error;
    }
  }
  if (failed) throw failed;
  return null;
}

/** What it pays to, then what it spends from: in the history of each it stands with its height. */
async function* scriptsOf(txid: string, bytes: Uint8Array, { transaction }: Asked, options?: CallOptions): AsyncGenerator<Uint8Array> {
  const { inputs, outputs } = openTransaction(bytes, txid);
  for (const { script } of outputs) if (script[0] !== OP_RETURN) yield script;
  for (const input of inputs) {
    const before = await transaction(input.txid, options);
    const spent = before && openTransaction(before, input.txid).outputs[input.vout];
    if (spent) yield spent.script;
  }
}
