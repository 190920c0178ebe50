import { fromHex, toHex } from '../../lib/bytes.js';
import type { LongCallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash160 } from '../../lib/hash.js';
import { importKeychain } from './keychain.js';
import { addressOfScript, classifyScript, pushedKey, scriptOfAddress } from './script.js';
import { openTransaction } from './transaction.js';
import type { Sighting, WatchWorld } from './watch.js';

/**
 * The output scripts that may import a name after it was sighted: none once its namespace was ready, else the reveal recipient's and those of its
 * keychain; BNS (b.5), (h) 2. Its key is shown by the input of NAMESPACE_READY, which only the recipient sends, and hashes to its script.
 * @throws NamesteadError `LevelNotReached` when the key is not shown, `TransactionMissing`, or as `committedAt`
 */
export async function findImportScripts(world: WatchWorld, sighting: Sighting, options: LongCallOptions): Promise<readonly Uint8Array[]> {
  const { importer, life, height, name } = sighting;
  const address = addressOfScript(importer);
  // Imports come from keys alone, and the first of them from the recipient.
  if (height >= life.readyBlock || address === null || classifyScript(importer) !== 'p2pkh') return [];
  if (height < life.revealBlock)
    throw new NamesteadError('LevelNotReached', `${name} was imported when its namespace was revealed before, and who could import it then is not known`);
  const key = await findKey(world, sighting, options);
  if (key === null || toHex(hash160(fromHex(key))) !== toHex(importer.subarray(3, 23)))
    throw new NamesteadError('LevelNotReached', `whoever imported into the namespace of ${name} shows no key, so that later imports cannot be watched`);
  return [...importKeychain(key).addresses()].map(scriptOfAddress);
}

async function findKey({ committedAt, transactions }: WatchWorld, { name, life }: Sighting, options: LongCallOptions): Promise<string | null> {
  const namespace = name.slice(name.indexOf('.') + 1);
  const ready = (await committedAt(life.readyBlock, options))?.find(({ op, namespace_id: id }) => op === '!' && id === namespace);
  const txid = String(ready?.['txid']);
  const bytes = ready ? await transactions.transaction(txid, options) : null;
  if (!bytes) throw new NamesteadError('TransactionMissing', `${transactions.operator} has no transaction that made the namespace of ${name} ready`);
  const [input] = openTransaction(bytes, txid).inputs;
  return input ? pushedKey(input.script) : null;
}
