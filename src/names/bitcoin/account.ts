import { concat } from '../../lib/bytes.js';
import { formatAddress } from '../../lib/address.js';
import { hash160 } from '../../lib/hash.js';
import type { PublicKey, Signer } from '../../lib/key.js';
import type { BitcoinParams } from './network.js';

/**
 * How the coins at one script are unlocked. BNS takes the first, second and fourth; a p2wpkh input makes its whole
 * transaction void there (spec a.4).
 */
export type Lock =
  | { readonly kind: 'p2pkh'; readonly publicKey: PublicKey }
  | { readonly kind: 'p2sh-p2wpkh'; readonly publicKey: PublicKey }
  | { readonly kind: 'p2wpkh'; readonly publicKey: PublicKey }
  | { readonly kind: 'p2sh-multisig'; readonly required: number; readonly publicKeys: readonly PublicKey[] };

/** A lock and those who can open it: a multisig account may hold fewer signers than it requires, and then hands out a PSBT. */
export interface Account {
  readonly lock: Lock;
  readonly signers: readonly Signer[];
}

/** Pay-to-public-key-hash: what a bare {@link Signer} stands for. */
export function p2pkh(signer: Signer): Account {
  return { lock: { kind: 'p2pkh', publicKey: signer.publicKey }, signers: [signer] };
}

/** A key's segwit coins behind a script hash (BIP 141), the only segwit form that BNS takes. */
export function p2shP2wpkh(signer: Signer): Account {
  return { lock: { kind: 'p2sh-p2wpkh', publicKey: signer.publicKey }, signers: [signer] };
}

/**
 * `required` of the keys, in the order given, behind a script hash (BIP 16).
 * @throws TypeError when `required` is not 1..n, or there are more than 15 keys
 */
export function multisig(required: number, publicKeys: readonly PublicKey[], signers: readonly Signer[]): Account {
  if (!Number.isInteger(required) || required < 1 || required > publicKeys.length || publicKeys.length > 15) {
    throw new TypeError(`a multisig needs 1 to n of at most 15 keys, not ${required} of ${publicKeys.length}`);
  }
  return { lock: { kind: 'p2sh-multisig', required, publicKeys }, signers };
}

/** The account of a bare signer is its p2pkh address. */
export function accountOf(party: Signer | Account): Account {
  return 'lock' in party ? party : p2pkh(party);
}

/** The script behind a p2sh lock, or null where the lock has none. */
export function redeemScript(lock: Lock): Uint8Array | null {
  switch (lock.kind) {
    case 'p2sh-p2wpkh':
      return program(lock.publicKey);
    case 'p2sh-multisig':
      return concat(
        Uint8Array.of(0x50 + lock.required),
        ...lock.publicKeys.map((key) => concat(Uint8Array.of(33), key)),
        Uint8Array.of(0x50 + lock.publicKeys.length, 0xae),
      );
    default:
      return null;
  }
}

/** The output script (scriptPubKey) that the lock opens. */
export function lockScript(lock: Lock): Uint8Array {
  if (lock.kind === 'p2pkh') return p2pkhScript(hash160(lock.publicKey));
  if (lock.kind === 'p2wpkh') return program(lock.publicKey);
  return p2shScript(hash160(redeemScript(lock) ?? new Uint8Array()));
}

/** Where to send coins so that the account holds them: base58check of the Bitcoin network beneath. */
export function fundingAddress(script: Uint8Array, bitcoin: Pick<BitcoinParams, 'p2pkh' | 'p2sh'>): string {
  return script[0] === 0xa9 ? formatAddress(bitcoin.p2sh, script.subarray(2, 22)) : formatAddress(bitcoin.p2pkh, script.subarray(3, 23));
}

/** The output script of a key's hash. */
export function p2pkhScript(hash: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0x76, 0xa9, 20), hash, Uint8Array.of(0x88, 0xac));
}

/** The output script of a redeem script's hash (BIP 16). */
export function p2shScript(hash: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0xa9, 20), hash, Uint8Array.of(0x87));
}

function program(publicKey: PublicKey): Uint8Array {
  return concat(Uint8Array.of(0, 20), hash160(publicKey));
}
