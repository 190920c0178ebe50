import { readFile, stat } from 'node:fs/promises';
import { addressOf, decodeBase58 } from '../lib/address.js';
import { equal, isHex } from '../lib/bytes.js';
import { hash256 } from '../lib/hash.js';
import { parsePrivateKey, signerOf, type PrivateKey, type Signer } from '../lib/key.js';
import { fundingAddress, lockScript, p2pkh, p2shP2wpkh, type Account } from '../names/bitcoin/account.js';
import type { Network } from '../names/bitcoin/network.js';
import { openWords } from '../wallet/backup.js';
import { openWallet } from '../wallet/wallet.js';
import type { Values } from './options.js';
import { countOf, usage } from './usage.js';

/** Who pays and who owns. Keys come from files or the environment, never from the command line, and are never shown. */
export interface Keys {
  readonly payer: Account;
  /** Where to send coins so that the payer has them. */
  readonly funding: string;
  readonly owner: Signer;
  /** As BNS writes it. */
  readonly ownerAddress: string;
  /** The address of the identity so many places after the owner's; of a bare key there is no other. */
  ownerAt(offset: number): Promise<string>;
  /** Where the owner came as a private key. */
  readonly ownerKey: PrivateKey | null;
}

const MOST_BYTES = 4096;

/** @throws {@link usage}; NamesteadError `MnemonicInvalid`, `PasswordWrong` */
export async function openKeys(values: Values, network: Network): Promise<Keys> {
  const payerIndex = countOf(values['payer-index'], 'payer-index', 0, 0x7fffffff) ?? 0;
  const ownerIndex = countOf(values['owner-index'], 'owner-index', 0, 0x7fffffff) ?? 0;
  const words = await secretOf(values['words-file'], 'words-file', 'NAMESTEAD_WORDS');
  const key = await keyOf(values['key-file'], 'key-file', 'NAMESTEAD_KEY');
  const ownerKey = (await keyOf(values['owner-key-file'], 'owner-key-file', 'NAMESTEAD_OWNER_KEY')) ?? (words === null ? key : null);
  if (words === null && key === null) throw usage('who pays? Give --words-file FILE or --key-file FILE (or NAMESTEAD_WORDS or NAMESTEAD_KEY)');
  const wallet = words === null ? null : await openWallet(await plainWords(words));
  const paying = key ? signerOf(key) : (await wallet?.payment(payerIndex))?.signer;
  const identity = ownerKey ? null : await wallet?.identity(ownerIndex);
  const owner = ownerKey ? signerOf(ownerKey) : identity?.signer;
  if (!paying || !owner) throw usage('who owns? Give --words-file FILE or --owner-key-file FILE');
  const payer = accountOfType(values['payer-type'], paying);
  const ownerAddress = addressOf(owner.publicKey);
  return {
    payer,
    funding: fundingAddress(lockScript(payer.lock), network.bitcoin),
    owner,
    ownerAddress,
    ownerKey,
    ownerAt: async (offset) => {
      if (offset === 0) return ownerAddress;
      if (!wallet || ownerKey) throw usage('a private key is one owner: give --words-file for more identities');
      return (await wallet.identity(ownerIndex + offset)).address;
    },
  };
}

/** Whether any key was named at all. */
export function hasKeys(values: Values): boolean {
  const named = values['words-file'] ?? values['key-file'];
  return named !== undefined || Boolean(process.env['NAMESTEAD_WORDS']) || Boolean(process.env['NAMESTEAD_KEY']);
}

function accountOfType(type = 'p2pkh', signer: Signer): Account {
  if (type === 'p2pkh') return p2pkh(signer);
  if (type === 'p2sh-p2wpkh') return p2shP2wpkh(signer);
  throw usage('--payer-type takes p2pkh or p2sh-p2wpkh');
}

async function secretOf(path: string | undefined, option: string, variable: string): Promise<string | null> {
  if (path === undefined) return process.env[variable]?.trim() || null;
  let text: string;
  try {
    const { mode, size } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) throw usage(`--${option}: ${path} can be read by others: chmod 600 ${path}`);
    if (size > MOST_BYTES) throw usage(`--${option}: ${path} is too large for a secret`);
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof TypeError) throw error;
    throw usage(`--${option}: ${path} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`);
  }
  if (text === '') throw usage(`--${option}: ${path} is empty`);
  return text;
}

async function keyOf(path: string | undefined, option: string, variable: string): Promise<PrivateKey | null> {
  const text = await secretOf(path, option, variable);
  if (text === null) return null;
  try {
    return parsePrivateKey(isHex(text) ? text : bytesOfWif(text));
  } catch {
    // What stands there is not shown, and neither is why it fails.
    throw usage(`${path === undefined ? variable : `--${option}: ${path}`} holds no private key: 64 hex digits, or WIF`);
  }
}

/** The wallet import format: 0x80 (or 0xef on test networks), 32 bytes, 01 for a compressed key, checksum. */
function bytesOfWif(text: string): Uint8Array {
  const bytes = decodeBase58(text);
  const body = bytes.subarray(0, -4);
  if (!equal(hash256(body).subarray(0, 4), bytes.subarray(-4)) || (body[0] !== 0x80 && body[0] !== 0xef)) throw new TypeError('no WIF');
  // Names are owned by compressed keys only.
  if (body.length !== 34 || body[33] !== 1) throw new TypeError('no compressed key');
  return body.slice(1, 33);
}

/** Words as they are, or an encrypted backup of them with its password in NAMESTEAD_PASSWORD. */
async function plainWords(text: string): Promise<string> {
  if (!/^[0-9a-f]+$/i.test(text)) return text.split(/\s+/).join(' ');
  const password = process.env['NAMESTEAD_PASSWORD'];
  if (!password) throw usage('the words are encrypted: give their password in NAMESTEAD_PASSWORD');
  return openWords(text, password);
}
