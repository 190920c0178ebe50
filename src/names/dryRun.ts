import { toHex } from '../lib/bytes.js';
import type { CallOptions } from '../lib/clock.js';
import { isNamesteadError } from '../lib/errors.js';
import { hash160 } from '../lib/hash.js';
import type { Signer } from '../lib/key.js';
import { accountOf, type Account } from './bitcoin/account.js';
import {
  announce,
  importName,
  preorderName,
  preorderNamespace,
  readyNamespace,
  registerName,
  renewName,
  revealNamespace,
  revokeName,
  transferName,
  transferTokens,
  updateName,
  type Recipe,
} from './bitcoin/builder.js';
import { epochAt } from './bitcoin/epoch.js';
import type { Network } from './bitcoin/network.js';
import type { NamespaceTerms } from './bitcoin/operation.js';
import { feeRateOf, type PayOptions } from './bitcoin/pay.js';
import { refusalOf, rehearse, type Rehearsed } from './bitcoin/rehearse.js';
import type { PaymentSource } from './bitcoin/source.js';
import type { StandingWorld } from './bitcoin/standing.js';
import { openFacts, type Check, type Facts } from './dryChecks.js';
import { checkZoneFile, ownerAddress } from './registration.js';

/** What a dry run asks. It signs and sends nothing, so no journal is needed. */
export interface DryRunWorld extends StandingWorld {
  readonly network: Network;
  readonly payments: PaymentSource;
  /** How many names an address owns, where the caller can tell. */
  readonly namesOwned?: ((address: string, options: CallOptions) => Promise<number>) | undefined;
}

/** What would be done. Accounts need no signers. */
export type Intent =
  | {
      readonly operation: 'register';
      readonly name: string;
      readonly owner: string | Signer | Account;
      readonly payer: Signer | Account;
      readonly maxPrice?: bigint | undefined;
    }
  | {
      readonly operation: 'update';
      readonly name: string;
      readonly owner: Signer | Account;
      readonly payer?: Signer | Account | undefined;
      readonly zoneFile: Uint8Array;
    }
  | {
      readonly operation: 'transfer';
      readonly name: string;
      readonly owner: Signer | Account;
      readonly payer?: Signer | Account | undefined;
      readonly to: string;
      readonly keepZoneFile: boolean;
    }
  | {
      readonly operation: 'renew';
      readonly name: string;
      readonly owner: Signer | Account;
      readonly payer?: Signer | Account | undefined;
      readonly maxPrice?: bigint | undefined;
    }
  | { readonly operation: 'revoke'; readonly name: string; readonly owner: Signer | Account; readonly payer?: Signer | Account | undefined }
  | {
      readonly operation: 'import';
      readonly name: string;
      readonly importer: Signer | Account;
      readonly owner: string | Signer | Account;
      readonly payer?: Signer | Account | undefined;
      readonly zoneFile: Uint8Array;
    }
  | {
      readonly operation: 'namespace';
      readonly namespace: string;
      readonly rules: NamespaceTerms;
      readonly owner: Signer | Account;
      readonly payer: Signer | Account;
      readonly maxPrice?: bigint | undefined;
    }
  | {
      readonly operation: 'tokens';
      readonly owner: Signer | Account;
      readonly payer?: Signer | Account | undefined;
      readonly to: string;
      /** Micro-STACKS. */
      readonly amount: bigint;
      readonly scratch?: string | undefined;
    }
  | { readonly operation: 'announce'; readonly owner: Signer | Account; readonly payer?: Signer | Account | undefined; readonly messageHash: string };

/** What it costs and whether it would be taken. Amounts in satoshi. */
export interface DryRun {
  readonly operation: Intent['operation'];
  /** The name, the namespace's id, the recipient, or the message's hash. */
  readonly name: string;
  /** Whether every check holds. */
  readonly ok: boolean;
  /** Burned or paid to the namespace's creator. */
  readonly price: bigint;
  /** Who gets the price; null where nothing is paid. */
  readonly payee: string | null;
  /** In outputs that only mark an address: they belong to whoever holds that address. */
  readonly marks: bigint;
  /** What miners get. */
  readonly fee: bigint;
  /** Price, marks and fee. */
  readonly total: bigint;
  /** Micro-STACKS besides; null: none. */
  readonly tokens: bigint | null;
  /** Satoshi per virtual byte it is reckoned with. */
  readonly feeRate: number;
  readonly transactions: readonly Rehearsed[];
  readonly checks: readonly Check[];
}

/**
 * What an operation would cost, to the satoshi, and whether it would be taken: nothing is signed and nothing is sent.
 * @throws NamesteadError only for what keeps it from answering: `Http…`, `FeeTooHigh`, `AddressInvalid`
 * @example
 * const { ok, total, checks } = await dryRun({ operation: 'register', name: 'alice.id', owner, payer }, world);
 */
export async function dryRun(intent: Intent, world: DryRunWorld, options: Pick<PayOptions, 'feeRate' | 'maxFeeRate' | 'signal'> = {}): Promise<DryRun> {
  const feeRate = await feeRateOf(world.payments, options);
  const facts = await openFacts(world, options);
  const owner = accountOf(sender(intent));
  const payer = accountOf('payer' in intent && intent.payer ? intent.payer : owner);
  const drawn = await draw(intent, owner, payer, facts, world);
  const payload = recipesOf(drawn);
  facts.tell('payload valid', payload.refusal, 'it can be written in 80 bytes');
  const { transactions, funds, inputs } = await rehearse(payload.recipes, { payer, owner }, feeRate, world, options);
  facts.tell('inputs allowed', inputs, 'payer and owner spend coins that the rules take');
  facts.tell('funds suffice', funds, 'the coins are there, confirmed');
  const sum = (of: (transaction: Rehearsed) => bigint): bigint => transactions.reduce((all, each) => all + of(each), 0n);
  const [price, marks, fee] = [sum((each) => each.price), sum((each) => each.marks), sum((each) => each.fee)];
  const { checks } = facts;
  return {
    operation: intent.operation,
    name: nameOf(intent),
    ok: checks.every(({ ok }) => ok),
    price,
    payee: price > 0n ? drawn.payee : null,
    marks,
    fee,
    total: price + marks + fee,
    tokens: drawn.tokens,
    feeRate,
    transactions,
    checks,
  };
}

function nameOf(intent: Intent): string {
  switch (intent.operation) {
    case 'namespace':
      return intent.namespace;
    case 'tokens':
      return intent.to;
    case 'announce':
      return intent.messageHash;
    default:
      return intent.name;
  }
}

function sender(intent: Intent): Signer | Account {
  if (intent.operation === 'register') return intent.payer;
  return intent.operation === 'import' ? intent.importer : intent.owner;
}

interface Drawn {
  readonly payee: string | null;
  readonly tokens: bigint | null;
  readonly recipes: () => readonly Recipe[];
}

async function draw(intent: Intent, owner: Account, payer: Account, facts: Facts, { network }: DryRunWorld): Promise<Drawn> {
  const { consensusHash, nextHeight } = facts;
  const epoch = epochAt(network, nextHeight);
  const free = (recipes: () => readonly Recipe[]): Drawn => ({ payee: null, tokens: null, recipes });
  switch (intent.operation) {
    case 'register': {
      const { name } = intent;
      const to = ownerAddress(intent.owner);
      await facts.checkFree(name, to, payer.lock.kind === 'p2wpkh' ? to : ownerAddress(payer));
      const { price, payee } = await facts.checkPrice(name, intent.maxPrice);
      facts.checkFresh();
      const valueHash = epoch.updateWithRegistration ? '00'.repeat(20) : null;
      const recipes = (): Recipe[] => [
        preorderName({ name, owner: to, payer, consensusHash, price, payee }, network),
        registerName({ name, owner: to, valueHash }, network),
      ];
      return { payee, tokens: null, recipes };
    }
    case 'update': {
      const { name, zoneFile } = intent;
      tellZoneFile(zoneFile, facts);
      await facts.checkOwned(name, ownerAddress(owner));
      facts.checkFresh();
      return free(() => [updateName({ name, valueHash: toHex(hash160(zoneFile)), consensusHash }, network)]);
    }
    case 'transfer': {
      const { name, keepZoneFile } = intent;
      const to = ownerAddress(intent.to);
      await facts.checkOwned(name, ownerAddress(owner));
      await facts.checkRecipient(to, ownerAddress(owner));
      facts.checkFresh();
      return free(() => [transferName({ name, to, keepData: keepZoneFile, consensusHash }, network)]);
    }
    case 'renew': {
      const { name } = intent;
      const address = ownerAddress(owner);
      await facts.checkRenewable(name, address);
      const { price, payee } = await facts.checkPrice(name, intent.maxPrice);
      return {
        payee,
        tokens: null,
        recipes: () => [renewName({ name, owner: address, valueHash: null, price, payee, epoch: epoch.number }, network)],
      };
    }
    case 'revoke':
      await facts.checkOwned(intent.name, ownerAddress(owner));
      return free(() => [revokeName(intent.name, network)]);
    case 'import': {
      const { name, zoneFile } = intent;
      tellZoneFile(zoneFile, facts);
      await facts.checkImport(name, ownerAddress(owner));
      return free(() => [importName({ name, owner: ownerAddress(intent.owner), valueHash: hash160(zoneFile) }, network)]);
    }
    case 'namespace': {
      const { namespace, rules } = intent;
      const address = ownerAddress(owner);
      const { price, tokens } = await facts.checkNamespace(namespace, intent.maxPrice);
      facts.checkFresh();
      const recipes = (): Recipe[] => [
        preorderNamespace({ namespace, owner: address, payer, consensusHash, price, tokens }, network),
        revealNamespace({ ...rules, namespace, owner: address }, network),
        readyNamespace(namespace, network),
      ];
      return { payee: facts.burn, tokens, recipes };
    }
    case 'tokens': {
      const { amount, scratch = '' } = intent;
      const to = ownerAddress(intent.to);
      facts.tell('tokens known', epoch.tokens ? null : `no STACKS tokens are known in epoch ${epoch.number}`, `epoch ${epoch.number} knows STACKS tokens`);
      facts.tell('recipient allowed', to === ownerAddress(owner) ? 'the recipient is the sender' : null, 'the recipient is not the sender');
      facts.checkFresh();
      return { payee: null, tokens: amount, recipes: () => [transferTokens({ to, amount, scratch, consensusHash }, network)] };
    }
    case 'announce':
      return free(() => [announce(intent.messageHash, network)]);
  }
}

function tellZoneFile(zoneFile: Uint8Array, { tell }: Facts): void {
  tell(
    'zone file fits',
    refusalOf(() => checkZoneFile(zoneFile), 'ZoneFileTooLarge'),
    `${zoneFile.length} bytes, which peers take`,
  );
}

/** What cannot be encoded costs nothing and is a check that fails. */
function recipesOf({ recipes }: Drawn): { readonly recipes: readonly Recipe[]; readonly refusal: string | null } {
  try {
    return { recipes: recipes(), refusal: null };
  } catch (error) {
    if (!isNamesteadError(error)) throw error;
    return { recipes: [], refusal: error.message };
  }
}
