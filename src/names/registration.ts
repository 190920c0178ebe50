import { toBase64, toHex } from '../lib/bytes.js';
import type { CallOptions } from '../lib/clock.js';
import { NamesteadError } from '../lib/errors.js';
import { hash160 } from '../lib/hash.js';
import type { Signer } from '../lib/key.js';
import { accountOf, lockScript, type Account } from './bitcoin/account.js';
import { MARK, preorderName, registerName, type Recipe } from './bitcoin/builder.js';
import { epochAt } from './bitcoin/epoch.js';
import { PREORDER_LIFETIME } from './bitcoin/expiry.js';
import type { Receipt } from './bitcoin/plan.js';
import { DEAREST, quoteName } from './bitcoin/quote.js';
import { runPlan, type PlanWorld, type RunOptions, type Step } from './bitcoin/run.js';
import { addressOfScript, scriptOfAddress } from './bitcoin/script.js';
import { findName, findNamespace, findNextHeight, findStanding, type StandingWorld } from './bitcoin/standing.js';
import { findPreorder } from './bitcoin/conflict.js';
import { parseName } from './name.js';

/** Hands a zone file to those who keep them: an argument, so that names never depend on zones. */
export type Publish = (zoneFile: Uint8Array, options: CallOptions) => Promise<void>;

/** What registrations and changes ask and write to. Only the journal is believed. */
export type RegistrationWorld = PlanWorld & StandingWorld;

export interface RegisterTerms extends RegistrationWorld {
  readonly name: string;
  /** At most 40,960 bytes, the most that Atlas keeps. */
  readonly zoneFile: Uint8Array;
  /** Who is to own the name: base58check address, signer or account. It signs nothing here. */
  readonly owner: string | Signer | Account;
  /** Pays both transactions; a bare signer pays from its p2pkh address. */
  readonly payer: Signer | Account;
  readonly publish: Publish;
  /** Satoshi the name may cost at the most, network fees apart; default 10,240,000, the dearest of `.id`. Price and payee are the indexer's word, checked against nothing else. */
  readonly maxPrice?: bigint | undefined;
}

export interface Registered {
  readonly name: string;
  readonly owner: string;
  /** One for each transaction, in order. */
  readonly receipts: readonly Receipt[];
}

/** The lifetime of a namespace whose names never end. */
const FOR_EVER = 0xffffffff;
/** The most that an Atlas peer keeps; `zones` checks it too, and names stand to its left. */
const MAX_ZONE_FILE_BYTES = 40_960;

/**
 * Registers a name: preorder, confirmation, registration with the zone file's hash, confirmation, zone file published. Call it
 * again with the same journal after a crash or an error: it goes on where it stood, sends the same bytes and pays nothing twice.
 * A finished registration answers its receipts again. To give one up, remove {@link registrationKey} from the journal.
 *
 * @returns the transactions with their fees (satoshi) and heights. Whether the name is yours is then for a proved lookup to say
 * @throws NamesteadError `NameInvalid`, `NameTaken`, `NamespaceNotReady`, `NameUnaffordable`, `FundsTooLow`, `FeeTooHigh`, `InputForbidden`,
 *   `ConsensusStale`, `ZoneFileTooLarge`, `BroadcastRejected`, `RegistrationLost`, `JournalCorrupt`, `TransactionMismatch`, `SignatureMissing`, `Aborted`
 * @throws TypeError when the journal holds a registration of this name with another owner, payer or zone file
 * @example
 * const { receipts } = await register({ ...world, name: 'alice.id', zoneFile, owner: identity.address, payer: payment.signer, publish });
 */
export async function register(terms: RegisterTerms, options: RunOptions = {}): Promise<Registered> {
  const { name } = parseName(terms.name);
  const { zoneFile, network } = terms;
  checkZoneFile(zoneFile);
  const payer = accountOf(terms.payer);
  const owner = ownerAddress(terms.owner);
  const steps: readonly Step[] = [
    { opcode: 'NAME_PREORDER', outputs: 0n, draw: () => drawPreorder(name, owner, payer, terms, options) },
    {
      opcode: 'NAME_REGISTRATION',
      outputs: MARK,
      draw: (receipts) => drawRegistration(name, owner, receipts, terms, options),
      again: (receipts) => isStillFree(name, receipts, terms, options),
    },
  ];
  const script = {
    key: registrationKey(name, network),
    terms: { owner, payer: toHex(lockScript(payer.lock)), zoneFile: toBase64(zoneFile) },
    steps,
    finish: () => terms.publish(zoneFile, { signal: options.signal }),
  };
  return { name, owner, receipts: await runPlan(script, { payer, owner: payer }, terms, options) };
}

/** What no peer takes could never be published, once it is paid for. @throws NamesteadError `ZoneFileTooLarge` */
export function checkZoneFile({ length }: Uint8Array): void {
  if (length > MAX_ZONE_FILE_BYTES)
    throw new NamesteadError('ZoneFileTooLarge', `a zone file of ${length} bytes is larger than ${MAX_ZONE_FILE_BYTES}, which no peer takes`);
}

/** Under which key the journal holds the registration of a name. */
export function registrationKey(name: string, network: { readonly name: string }): string {
  return `register ${network.name} ${name}`;
}

/** The address BNS commits for an owner: version 0 or 5 whatever the network beneath. @throws NamesteadError `AddressInvalid` */
export function ownerAddress(owner: string | Signer | Account): string {
  const script = typeof owner === 'string' ? scriptOfAddress(owner) : lockScript(accountOf(owner).lock);
  const address = addressOfScript(script);
  if (address === null) throw new NamesteadError('AddressInvalid', 'a name is owned by a p2pkh or p2sh address');
  return address;
}

async function drawPreorder(name: string, owner: string, payer: Account, terms: RegisterTerms, options: CallOptions): Promise<Recipe> {
  const { network, maxPrice = DEAREST } = terms;
  const holder = await findName(terms, name, options);
  if (holder) throw new NamesteadError('NameTaken', `${name} belongs to ${holder.owner}, says ${terms.indexer.operator}`);
  const nextHeight = await findNextHeight(terms, options);
  const { price, payee } = await quoteName(name, nextHeight, terms, options);
  if (price > maxPrice)
    throw new NamesteadError('NameUnaffordable', `${name} costs ${price} satoshi, says ${terms.indexer.operator}, more than the maxPrice of ${maxPrice}`);
  const { consensusHash, until } = await findStanding(terms, options);
  const recipe = preorderName({ name, owner, payer, consensusHash, price, payee }, network);
  await refuseSecond(recipe, payer, terms, options);
  return { ...recipe, until };
}

/** The network keeps a preorder's hash for good once it took it: another with the same would buy nothing. */
async function refuseSecond({ name, hash }: Recipe, payer: Account, terms: RegisterTerms, options: CallOptions): Promise<void> {
  const other = await findPreorder(String(hash), lockScript(payer.lock), terms, options);
  if (other === null) return;
  throw new NamesteadError(
    'RegistrationLost',
    `${name} was preordered already with this owner and payer (${other}), and the network takes no second preorder like it: restore the journal that holds it, or register from another payer or to another owner`,
  );
}

/** Nothing more is paid for what is lost already. */
async function drawRegistration(name: string, owner: string, receipts: readonly Receipt[], terms: RegisterTerms, options: CallOptions): Promise<Recipe> {
  const { network, zoneFile } = terms;
  const holder = await findName(terms, name, options);
  const nextHeight = await findNextHeight(terms, options);
  const why = holder
    ? holder.owner === owner
      ? `it belongs to ${owner} already, says ${terms.indexer.operator}, by a registration that this journal does not know`
      : `it went to ${holder.owner} after the preorder, says ${terms.indexer.operator}`
    : await expiry(name, receipts[0]?.height ?? 0, nextHeight, terms, options);
  if (why !== null)
    throw new NamesteadError(
      'RegistrationLost',
      `${name}: ${why}; nothing more was paid. To start again remove the journal entry ${registrationKey(name, network)}, and take another payer or owner: the network takes no second preorder like the first`,
    );
  return registerName({ name, owner, valueHash: epochAt(network, nextHeight).updateWithRegistration ? toHex(hash160(zoneFile)) : null }, network);
}

/** Why a preorder no longer counts; null: it does (spec b.5). */
async function expiry(name: string, preordered: number, nextHeight: number, terms: RegisterTerms, options: CallOptions): Promise<string | null> {
  const { network } = terms;
  if (epochAt(network, nextHeight).tokens && preordered + PREORDER_LIFETIME < nextHeight)
    return `its preorder at height ${preordered} expired after ${PREORDER_LIFETIME} blocks`;
  const namespace = await findNamespace(terms, parseName(name).namespace, options);
  const lifetime = (namespace?.lifetime ?? FOR_EVER) * epochAt(network, nextHeight - 1).lifetimeFactor;
  return preordered + lifetime < nextHeight ? `its preorder at height ${preordered} is older than a name lives (${lifetime} blocks)` : null;
}

/**
 * Registrations of one name in one block all fail, and each keeps its preorder (spec b.6): where nobody has the name since, the
 * same is tried again for its fee.
 */
async function isStillFree(name: string, receipts: readonly Receipt[], terms: RegisterTerms, options: CallOptions): Promise<boolean> {
  if (await findName(terms, name, options)) return false;
  return (await expiry(name, receipts[0]?.height ?? 0, await findNextHeight(terms, options), terms, options)) === null;
}
