import type { Hash160 } from '../../lib/address.js';
import { fromHex, isHex } from '../../lib/bytes.js';
import { NamesteadError } from '../../lib/errors.js';
import { asCount, type Fields } from '../../lib/shape.js';
import type { NameRecord } from '../record.js';
import { isUnexpired, renewalDeadline, type NamespaceLife } from './expiry.js';
import type { Network } from './network.js';
import { ZERO_HASH } from './operation.js';
import { addressOfScript } from './script.js';

/** The lifetime of a namespace whose names never end. */
export const FOR_EVER = 0xffffffff;

/** A proved operation that made a name what it is. */
export interface NameState {
  readonly name: string;
  readonly height: number;
  readonly operation: Fields;
  readonly life: NamespaceLife;
}

/**
 * The record of a name that a proved operation left, as of the block at `now`.
 * @throws NamesteadError `NameRevoked`, `NameExpired`, `RecordMismatch`
 */
export function recordOf(network: Network, { name, height, operation, life }: NameState, now: number): NameRecord {
  const { sender, address, value_hash: valueHash, revoked } = operation;
  const renewed = asCount(operation['last_renewed'], 'last_renewed');
  if (revoked !== false) throw new NamesteadError('NameRevoked', `${name} was revoked at height ${height}`);
  if (!isUnexpired(network, life, renewed, now))
    throw new NamesteadError('NameExpired', `${name} expired at height ${renewalDeadline(network, life, renewed, now)}; somebody else may have it since`);
  const owner = typeof sender === 'string' ? addressOfScript(fromHex(sender)) : null;
  if (owner === null || owner !== address) throw new NamesteadError('RecordMismatch', `the address committed for ${name} is not that of its owner's script`);
  return {
    name,
    owner,
    // A hash of zeros is what a renewal without a zone file leaves; BNS (a.3).
    zoneFileHash: isHex(valueHash, 20) && valueHash !== ZERO_HASH ? (fromHex(valueHash) as Hash160) : null,
    height,
    txid: String(operation['txid']),
    // At the deadline itself a name still lives when it was renewed after its namespace was made ready; BNS (b.7).
    expiresAt: life.lifetime === FOR_EVER ? null : renewalDeadline(network, life, renewed, now) + (renewed >= life.readyBlock ? 1 : 0),
    chain: 'bitcoin',
  };
}

/** @throws NamesteadError `NotConfirmed` */
export function verifyConfirmed(network: Network, name: string, height: number, tip: number): void {
  if (tip - height + 1 < network.confirmations)
    throw new NamesteadError('NotConfirmed', `the last operation on ${name} has ${tip - height + 1} of ${network.confirmations} confirmations`);
}
