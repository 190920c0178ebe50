import { fromBase64, isHex, toHex } from '../../lib/bytes.js';
import type { LongCallOptions } from '../../lib/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { hash160 } from '../../lib/hash.js';
import type { Fields } from '../../lib/shape.js';
import { nameHash128, preorderHash } from './commitment.js';
import type { Committed } from './committed.js';
import { expireBlock, renewalDeadline, type NamespaceLife } from './expiry.js';
import type { NameClaim } from './nameClaim.js';
import { lastOn } from './namedOperation.js';
import { FOR_EVER } from './nameRecord.js';
import { opcodeOfRecord, proveOperation, type ProofWorld, type ProvedOperation } from './operationProof.js';
import { addressOfScript } from './script.js';

export interface ProvedClaim {
  readonly name: string;
  readonly namespace: string;
  readonly claim: NameClaim;
  readonly operation: Fields;
  readonly proved: ProvedOperation;
  readonly life: NamespaceLife;
  readonly committed: Committed;
  /** The height that the node's expiry counts from: its tip. */
  readonly now: number;
}

/**
 * Fields that no hash commits to are held against what they follow from; those that follow from nothing are not handed on.
 * @throws NamesteadError `UncommittedField`, or as `proveOperation`
 */
export async function verifyUncommitted(world: ProofWorld, known: ProvedClaim, options: LongCallOptions): Promise<void> {
  const { network } = world;
  const { name, namespace, operation, life, claim, now } = known;
  const { stated } = claim;
  const renewed = Number(operation['last_renewed']);
  const ends = expireBlock(network, life, renewed, now);
  const computed: Record<string, unknown> = {
    opcode: opcodeOfRecord(operation),
    namespace_id: namespace,
    name_hash128: nameHash128(name),
    ...(claim.present && life.lifetime !== FOR_EVER
      ? { expire_block: ends, renewal_deadline: renewalDeadline(network, life, renewed, now), ...(now < ends ? { expired: false } : {}) }
      : {}),
    ...(isHex(stated['preorder_hash'], 20) ? { preorder_hash: await preorderHashOf(world, known, options) } : {}),
  };
  for (const [field, value] of Object.entries(computed)) {
    for (const told of [stated, operation]) {
      if (value !== null && told[field] !== undefined && told[field] !== value)
        throw new NamesteadError(
          'UncommittedField',
          `the node tells ${field} ${JSON.stringify(told[field])} of ${name}; what is proved gives ${JSON.stringify(value)}`,
        );
    }
  }
  const { zonefile } = stated;
  if (typeof zonefile === 'string' && toHex(hash160(fromBase64(zonefile))) !== operation['value_hash']) {
    throw new NamesteadError('UncommittedField', `the node's record of ${name} has a zone file that does not hash to its value_hash`);
  }
}

/** The preorder hash follows from who sent the registration and to which address; null for names that were imported. */
async function preorderHashOf(world: ProofWorld, { name, operation, proved, claim, committed }: ProvedClaim, options: LongCallOptions): Promise<string | null> {
  const registered = Number(operation['first_registered']);
  if (operation['op'] === ':' && registered === claim.height) return preorderHashBy(name, proved);
  const operations = (await committed.at(registered, options)) ?? [];
  const registration = lastOn(
    name,
    operations.filter(({ op }) => op === ':'),
  );
  return registration ? preorderHashBy(name, await proveOperation(world, registration, registered, options)) : null;
}

function preorderHashBy(name: string, { transaction, sender }: ProvedOperation): string | null {
  const owner = addressOfScript(transaction.outputs[1]?.script ?? new Uint8Array());
  return owner === null ? null : preorderHash(name, sender, owner);
}
