import { toHex } from '../lib/bytes.js';
import type { CallOptions } from '../lib/clock.js';
import { NamesteadError } from '../lib/errors.js';
import type { Signer } from '../lib/key.js';
import { accountOf, lockScript, type Account } from './bitcoin/account.js';
import { MARK, preorderNamespace, readyNamespace, revealNamespace, type Recipe } from './bitcoin/builder.js';
import type { NamespaceTerms } from './bitcoin/operation.js';
import type { Receipt } from './bitcoin/plan.js';
import { quoteNamespace } from './bitcoin/quote.js';
import { runPlan, type RunOptions, type Step } from './bitcoin/run.js';
import { findNamespace, findStanding } from './bitcoin/standing.js';
import { isNamespaceValid } from './name.js';
import { ownerAddress, type RegistrationWorld } from './registration.js';

export interface OpenNamespaceTerms extends RegistrationWorld {
  /** The id: 1 to 19 of a-z, 0-9, - and _. */
  readonly namespace: string;
  /** Lifetime, prices, discounts and version; they can never be changed. */
  readonly rules: NamespaceTerms;
  /** The reveal address: it declares the namespace ready, and may import names before. */
  readonly owner: Signer | Account;
  /** Pays all; must be p2pkh. In version 2 it is also who is paid for names. */
  readonly payer: Signer | Account;
  /** Satoshi the namespace may cost at the most, network fees apart. */
  readonly maxPrice?: bigint | undefined;
  /** Called between reveal and ready, when names may be imported (`importInto`); must be safe to repeat. */
  readonly beforeReady?: (() => Promise<unknown>) | undefined;
}

/**
 * Opens a namespace: preorder, reveal, ready, each confirmed before the next. Goes on from its journal like `register`.
 *
 * @returns the three transactions
 * @throws NamesteadError `NameInvalid`, `NameTaken`, `NameUnaffordable`, and those of `register`
 */
export async function openNamespace(terms: OpenNamespaceTerms, options: RunOptions = {}): Promise<readonly Receipt[]> {
  const { namespace, rules, network } = terms;
  if (!isNamespaceValid(namespace))
    throw new NamesteadError('NameInvalid', `${JSON.stringify(namespace)} is not a namespace: write 1 to 19 of a-z, 0-9, - and _`);
  const payer = accountOf(terms.payer);
  const reveal = accountOf(terms.owner);
  const owner = ownerAddress(reveal);
  // Rules that cannot be encoded are refused before anything is paid.
  const revealing = revealNamespace({ ...rules, namespace, owner }, network);
  const steps: readonly Step[] = [
    { opcode: 'NAMESPACE_PREORDER', outputs: 0n, draw: () => drawPreorder(owner, payer, terms, options) },
    { opcode: 'NAMESPACE_REVEAL', outputs: 2n * MARK, draw: () => Promise.resolve(revealing) },
    { opcode: 'NAMESPACE_READY', outputs: 0n, draw: () => drawReady(terms) },
  ];
  const fixed = { owner, payer: toHex(lockScript(payer.lock)), rules: JSON.stringify(revealing.outputs.map(({ script }) => toHex(script))) };
  return runPlan({ key: namespaceKey(namespace, network), terms: fixed, steps, finish: () => Promise.resolve() }, { payer, owner: reveal }, terms, options);
}

/** Under which key the journal holds a namespace that is being opened. */
export function namespaceKey(namespace: string, network: { readonly name: string }): string {
  return `namespace ${network.name} ${namespace}`;
}

async function drawReady({ namespace, network, beforeReady }: OpenNamespaceTerms): Promise<Recipe> {
  await beforeReady?.();
  return readyNamespace(namespace, network);
}

async function drawPreorder(owner: string, payer: Account, terms: OpenNamespaceTerms, options: CallOptions): Promise<Recipe> {
  const { namespace, network, maxPrice } = terms;
  if (await findNamespace(terms, namespace, options))
    throw new NamesteadError('NameTaken', `the namespace ${namespace} is revealed already, says ${terms.indexer.operator}`);
  const { consensusHash, nextHeight, until } = await findStanding(terms, options);
  const { price, tokens } = quoteNamespace(namespace, nextHeight, network);
  if (maxPrice !== undefined && price > maxPrice)
    throw new NamesteadError('NameUnaffordable', `the namespace ${namespace} costs ${price} satoshi, more than the ${maxPrice} allowed`);
  return { ...preorderNamespace({ namespace, owner, payer, consensusHash, price, tokens }, network), until };
}
