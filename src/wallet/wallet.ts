import { addressOf } from '../lib/address.js';
import { concat, fromUtf8, toHex } from '../lib/bytes.js';
import { hash160, sha256 } from '../lib/hash.js';
import { keyAgreementOf, publicKeyOf, signerOf } from '../lib/key.js';
import type { KeyAgreement, PrivateKey, PublicKey, Signer } from '../lib/key.js';
import { deriveChild, derivePath, formatXprv, masterNode, parseXprv } from './hd.js';
import type { HdNode } from './hd.js';
import { seedOfWords } from './mnemonic.js';

const HARDENED = 0x80000000;

/** A key that pays for transactions, at m/44'/0'/0'/{0 external, 1 change}/index. */
export interface PaymentKey {
  readonly index: number;
  readonly publicKey: PublicKey;
  readonly signer: Signer;
  /** p2pkh output script, 25 bytes. */
  readonly script: Uint8Array;
  /** Its p2pkh address; `version` 0 on the main network (the default), 111 on test networks. */
  address(version?: number): string;
}

/** Who somebody is to others, at m/888'/0'/index': owns names, signs profiles and sign-ins. */
export interface Identity {
  readonly index: number;
  readonly publicKey: PublicKey;
  /** p2pkh with version 0, as identities and buckets have it on every network. */
  readonly address: string;
  readonly signer: Signer;
  readonly keyAgreement: KeyAgreement;
  /** Hex, one for the whole wallet: what app keys are salted with. */
  readonly salt: string;
  /** The apps node m/888'/0'/index'/0' as `xprv…` text: with the salt it gives every app key, so it is as secret as they are. */
  appsNode(): string;
  /**
   * The private key of one app. `origin` is the app's own text (scheme://host[:port], no slash at the end) and is taken as it stands:
   * another spelling gives another key and another bucket.
   */
  appKey(origin: string): Promise<PrivateKey>;
}

/** The keys behind one set of words. Printed or put into JSON it shows nothing of them. */
export interface Wallet {
  payment(index: number, options?: { readonly change?: boolean }): Promise<PaymentKey>;
  identity(index: number): Promise<Identity>;
}

/**
 * Opens the wallet behind English BIP 39 words; the derivation is that of Blockstack's wallets, so their words give the same keys.
 *
 * @throws NamesteadError `MnemonicInvalid`
 * @example
 * const wallet = await openWallet(generateWords());
 * const alice = await wallet.identity(0);
 */
export async function openWallet(words: string): Promise<Wallet> {
  const root = await masterNode(await seedOfWords(words));
  const [payments, identities] = await Promise.all([derivePath(root, "44'/0'/0'"), derivePath(root, "888'/0'")]);
  const salt = saltOf(identities);
  return {
    payment: async (index, { change = false } = {}) => paymentOf(await derivePath(payments, `${change ? 1 : 0}/${index}`), index),
    identity: async (index) => identityOf(await derivePath(identities, `${index}'`), index, salt),
  };
}

/**
 * The app key below an apps node: child' at the Java string hash of hex(SHA-256(origin ‖ salt)).
 * Peers call this derivation "legacy", and it is the one that all of them use.
 */
export async function appKeyOf(appsNode: string | HdNode, salt: string, origin: string): Promise<PrivateKey> {
  const node = typeof appsNode === 'string' ? parseXprv(appsNode) : appsNode;
  const index = javaHash(toHex(sha256(fromUtf8(origin + salt))));
  return (await deriveChild(node, index + HARDENED)).key;
}

/** Hex of the SHA-256 of the identity keychain's public key, of its hex text and not of its bytes. */
export function saltOf(identities: HdNode): string {
  return toHex(sha256(fromUtf8(toHex(publicKeyOf(identities.key)))));
}

function paymentOf({ key }: HdNode, index: number): PaymentKey {
  const publicKey = publicKeyOf(key);
  return {
    index,
    publicKey,
    signer: signerOf(key),
    script: concat(Uint8Array.of(0x76, 0xa9, 20), hash160(publicKey), Uint8Array.of(0x88, 0xac)),
    address: (version) => addressOf(publicKey, version),
  };
}

async function identityOf(node: HdNode, index: number, salt: string): Promise<Identity> {
  const publicKey = publicKeyOf(node.key);
  const apps = await deriveChild(node, HARDENED);
  return {
    index,
    publicKey,
    address: addressOf(publicKey),
    signer: signerOf(node.key),
    keyAgreement: keyAgreementOf(node.key),
    salt,
    appsNode: () => formatXprv(apps),
    appKey: (origin) => appKeyOf(apps, salt, origin),
  };
}

/** h = 31·h + unit over UTF-16 units, in 32 bits at every step, the sign cut off at the end. */
function javaHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash & 0x7fffffff;
}
