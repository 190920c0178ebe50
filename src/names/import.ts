import { concat, toBase64, toHex } from '../lib/bytes.js';
import type { CallOptions } from '../lib/clock.js';
import { NamesteadError } from '../lib/errors.js';
import { hash160, hmacSha512 } from '../lib/hash.js';
import { publicKeyOf, signerOf, tweak, type PrivateKey, type Signer } from '../lib/key.js';
import { accountOf, lockScript, type Account } from './bitcoin/account.js';
import { importName, type Recipe } from './bitcoin/builder.js';
import { REVEAL_LIFETIME } from './bitcoin/expiry.js';
import type { Receipt } from './bitcoin/plan.js';
import { runPlan, type RunOptions } from './bitcoin/run.js';
import { findNamespace, findNextHeight } from './bitcoin/standing.js';
import { parseName } from './name.js';
import { checkZoneFile, ownerAddress, type Publish, type RegistrationWorld } from './registration.js';

/** Keys beside the reveal key that may import names; BNS (b.5). */
const KEYCHAIN_SIZE = 300;

export interface ImportTerms extends RegistrationWorld {
  readonly name: string;
  readonly zoneFile: Uint8Array;
  /** Who is to own the name. */
  readonly owner: string | Signer | Account;
  /** Signs input 0: the namespace's reveal key, which must import first, or one of the 300 children of {@link importerAt}; p2pkh. */
  readonly importer: Signer | Account;
  /** Pays the fee and the marks; default the importer. */
  readonly payer?: Signer | Account | undefined;
  readonly publish: Publish;
}

/**
 * Brings a name into a namespace that is revealed and not ready, at no price: one transaction, then the zone file is published.
 * Goes on from its journal like `register`. Imported again, a name gets the new owner and zone file.
 * @returns the receipt in a list of one
 * @throws NamesteadError `NameInvalid`, `NamespaceNotReady` when the namespace is not open for imports, `InputForbidden`, and those of `register`
 * @example
 * for (const [at, name] of names.entries()) await importInto({ ...world, ...name, importer: at === 0 ? revealSigner : importerAt(revealKey, at), payer, publish });
 */
export async function importInto(terms: ImportTerms, options: RunOptions = {}): Promise<readonly Receipt[]> {
  const { network, zoneFile } = terms;
  const { name } = parseName(terms.name);
  checkZoneFile(zoneFile);
  const importer = accountOf(terms.importer);
  const payer = accountOf(terms.payer ?? terms.importer);
  const owner = ownerAddress(terms.owner);
  const draw = async (): Promise<Recipe> => {
    await requireOpen(name, ownerAddress(importer), terms, options);
    return importName({ name, owner, valueHash: hash160(zoneFile) }, network);
  };
  const key = importKey({ name, network });
  const script = {
    key,
    terms: { owner, importer: ownerAddress(importer), payer: toHex(lockScript(payer.lock)), zoneFile: toBase64(zoneFile) },
    steps: [{ opcode: 'NAME_IMPORT', outputs: 0n, draw }],
    finish: () => terms.publish(zoneFile, { signal: options.signal }),
  };
  const receipts = await runPlan(script, { payer, owner: importer }, terms, options);
  await terms.journal.remove(key);
  return receipts;
}

/** Under which key the journal holds an import that is under way. */
export function importKey({ name, network }: { readonly name: string; readonly network: { readonly name: string } }): string {
  return `import ${network.name} ${name}`;
}

/**
 * The key at `index` (0 to 299) of the keychain that a namespace's imports may use besides the reveal key (spec b.5).
 * @throws TypeError
 */
export function importerAt(revealKey: PrivateKey, index: number): Signer {
  if (!Number.isInteger(index) || index < 0 || index >= KEYCHAIN_SIZE) throw new TypeError(`a keychain has the keys 0 to ${KEYCHAIN_SIZE - 1}, not ${index}`);
  const number = new Uint8Array(4);
  new DataView(number.buffer).setUint32(0, index);
  return signerOf(tweak(revealKey, hmacSha512(new Uint8Array(32), concat(publicKeyOf(revealKey), number)).subarray(0, 32)));
}

async function requireOpen(name: string, importer: string, terms: ImportTerms, options: CallOptions): Promise<void> {
  const { namespace: id } = parseName(name);
  const by = terms.indexer.operator;
  const namespace = await findNamespace(terms, id, options);
  const next = await findNextHeight(terms, options);
  if (!namespace || namespace.ready || next - 1 >= namespace.revealBlock + REVEAL_LIFETIME)
    throw new NamesteadError(
      'NamespaceNotReady',
      `namespace ${id} takes no imports: it is ${!namespace ? 'not revealed' : namespace.ready ? 'ready already' : 'expired'}, says ${by}`,
    );
  if (importer.startsWith('3')) throw new NamesteadError('InputForbidden', `${name} is imported from a p2pkh address, not from ${importer}`);
}
