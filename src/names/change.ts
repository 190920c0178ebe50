import { toBase64, toHex } from '../lib/bytes.js';
import type { CallOptions } from '../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../lib/errors.js';
import { hash160 } from '../lib/hash.js';
import type { Signer } from '../lib/key.js';
import { accountOf, lockScript, type Account } from './bitcoin/account.js';
import { renewName, revokeName, transferName, updateName, type Recipe } from './bitcoin/builder.js';
import { epochAt } from './bitcoin/epoch.js';
import type { Receipt } from './bitcoin/plan.js';
import { release } from './bitcoin/purse.js';
import { DEAREST, quoteName } from './bitcoin/quote.js';
import { runPlan, type RunOptions } from './bitcoin/run.js';
import { findName, findNextHeight, findStanding } from './bitcoin/standing.js';
import { parseName } from './name.js';
import { checkZoneFile, ownerAddress, type Publish, type RegistrationWorld } from './registration.js';

export interface ChangeTerms extends RegistrationWorld {
  readonly name: string;
  /** Signs input 0: a coin at the owner's address, which comes back whole. */
  readonly owner: Signer | Account;
  /** Pays fee and price; default the owner. */
  readonly payer?: Signer | Account | undefined;
}

/**
 * Points a name to another zone file: one transaction, then the zone file is published. Goes on from its journal like `register`.
 * When the name points there already, only the publishing is done.
 *
 * @returns the receipt in a list of one, or none when there was nothing to pay
 * @throws NamesteadError `NameNotOwned`, and those of `register`
 * @example
 * await update({ ...world, name: 'alice.id', zoneFile, owner: identity.signer, payer: payment.signer, publish });
 */
export async function update(
  terms: ChangeTerms & { readonly zoneFile: Uint8Array; readonly publish: Publish },
  options: RunOptions = {},
): Promise<readonly Receipt[]> {
  const { name, zoneFile, network } = terms;
  checkZoneFile(zoneFile);
  const valueHash = toHex(hash160(zoneFile));
  const finish = (): Promise<void> => terms.publish(zoneFile, { signal: options.signal });
  if ((await terms.journal.load(changeKey('update', terms))) === null && (await findName(terms, name, options))?.valueHash === valueHash) {
    await finish();
    return [];
  }
  const draw = async (): Promise<Recipe> => {
    const { consensusHash, until } = await findStanding(terms, options);
    return { ...updateName({ name, valueHash, consensusHash }, network), until };
  };
  return change('NAME_UPDATE', 'update', terms, { zoneFile: toBase64(zoneFile) }, draw, finish, options);
}

/** Gives a name to another address, with its zone file's hash or without. @throws NamesteadError as `update` */
export async function transfer(
  terms: ChangeTerms & { readonly to: string; readonly keepZoneFile: boolean },
  options: RunOptions = {},
): Promise<readonly Receipt[]> {
  const { name, keepZoneFile: keepData, network } = terms;
  const to = ownerAddress(terms.to);
  if (to === ownerAddress(terms.owner)) throw new TypeError(`${name} would go to the owner it has, which the network refuses: give another address`);
  const draw = async (): Promise<Recipe> => {
    const { consensusHash, until } = await findStanding(terms, options);
    return { ...transferName({ name, to, keepData, consensusHash }, network), until };
  };
  return change('NAME_TRANSFER', 'transfer', terms, { to, keepData: String(keepData) }, draw, nothing, options);
}

/**
 * Pays for a name's next lifetime; the zone file's hash stays, since none is sent: a false one of the indexer's would be signed.
 * @throws NamesteadError as `update`, and `NameUnaffordable` above `maxPrice` (satoshi; default as in `register`)
 */
export async function renew(terms: ChangeTerms & { readonly maxPrice?: bigint | undefined }, options: RunOptions = {}): Promise<readonly Receipt[]> {
  const { name, network, maxPrice = DEAREST } = terms;
  const draw = async (): Promise<Recipe> => {
    const nextHeight = await findNextHeight(terms, options);
    const { price, payee } = await quoteName(name, nextHeight, terms, options);
    if (price > maxPrice)
      throw new NamesteadError('NameUnaffordable', `${name} costs ${price} satoshi, says ${terms.indexer.operator}, more than the maxPrice of ${maxPrice}`);
    const epoch = epochAt(network, nextHeight).number;
    return renewName({ name, owner: ownerAddress(terms.owner), valueHash: null, price, payee, epoch }, network);
  };
  return change('NAME_RENEWAL', 'renew', terms, {}, draw, nothing, options);
}

/** Gives a name up until it expires: it then points nowhere and no one can take it. There is no way back. @throws NamesteadError as `update` */
export async function revoke(terms: ChangeTerms, options: RunOptions = {}): Promise<readonly Receipt[]> {
  return change('NAME_REVOKE', 'revoke', terms, {}, () => Promise.resolve(revokeName(terms.name, terms.network)), nothing, options);
}

/** Under which key the journal holds a change that is under way. */
export function changeKey(
  kind: 'update' | 'transfer' | 'renew' | 'revoke',
  { name, network }: { readonly name: string; readonly network: { readonly name: string } },
): string {
  return `${kind} ${network.name} ${name}`;
}

/** One step by the owner. What the rules refused cost only its fee, except for a renewal: its journal entry goes, and the next call starts anew. */
async function change(
  opcode: string,
  kind: Parameters<typeof changeKey>[0],
  terms: ChangeTerms,
  fixed: Readonly<Record<string, string>>,
  draw: () => Promise<Recipe>,
  finish: () => Promise<void>,
  options: RunOptions,
): Promise<readonly Receipt[]> {
  const { name } = parseName(terms.name);
  const owner = accountOf(terms.owner);
  const payer = accountOf(terms.payer ?? terms.owner);
  const key = changeKey(kind, terms);
  const drawOwned = async (): Promise<Recipe> => {
    await requireOwned(name, ownerAddress(owner), terms, options);
    return draw();
  };
  const script = {
    key,
    terms: { ...fixed, owner: ownerAddress(owner), payer: toHex(lockScript(payer.lock)) },
    steps: [{ opcode, outputs: 0n, draw: drawOwned }],
    finish,
  };
  try {
    const receipts = await runPlan(script, { payer, owner }, terms, options);
    await terms.journal.remove(key);
    return receipts;
  } catch (error) {
    if (kind !== 'renew' && isNamesteadError(error, 'RegistrationLost')) {
      await release(key, terms);
      await terms.journal.remove(key);
    }
    throw error;
  }
}

async function requireOwned(name: string, owner: string, terms: ChangeTerms, options: CallOptions): Promise<void> {
  const held = await findName(terms, name, options);
  if (held?.owner === owner) return;
  throw new NamesteadError(
    'NameNotOwned',
    held ? `${name} belongs to ${held.owner}, not to ${owner}, says ${terms.indexer.operator}` : `${name} is not registered, says ${terms.indexer.operator}`,
  );
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
