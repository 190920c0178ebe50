import { fromUtf8, toUtf8Strict } from '../lib/bytes.js';
import { open, seal } from '../lib/ecies.js';
import type { CipherShape } from '../lib/ecies.js';
import { isNamesteadError, NamesteadError } from '../lib/errors.js';
import type { KeyAgreement, PublicKey } from '../lib/key.js';
import { parseContent, toJsonBytes } from './content.js';
import type { File, Reader, Store } from './store.js';

const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';

export interface EncryptedOptions {
  /** Whose key files are sealed to. Default: the own, so that only the owner reads them. */
  readonly to?: PublicKey;
  /** How the ciphertext is written. `hex` is twice the size and what the oldest peers read; `base64` is a third more. Default `hex`. */
  readonly encoding?: 'hex' | 'base64';
}

/**
 * Seals what is put and opens what is read (ECIES cipher objects, as peers store them). A file that is not encrypted is refused.
 *
 * Anybody can seal to a public key: this hides, it does not tell who wrote. Put {@link enveloped} beneath for that. Name, size and time stay
 * public, and the format has no room for a content type: text comes back as `text/plain; charset=utf-8`, else `application/octet-stream`.
 *
 * @throws NamesteadError `CipherInvalid` when a file is not encrypted, `CipherMismatch` when it was altered or sealed to another key
 * @example
 * const store = encrypted(enveloped(gaia({ hub, signer, clock }), signer), keyAgreementOf(appKey));
 */
export function encrypted(store: Store, keys: KeyAgreement, { to = keys.publicKey, encoding = 'hex' }: EncryptedOptions = {}): Store {
  return {
    ...decrypted(store, keys),
    put: async (path, body, options = {}) => {
      const cipher = await seal(body, to, { wasString: isText(body, options.contentType), encoding });
      return store.put(path, toJsonBytes(cipher), { ...options, contentType: 'application/json' });
    },
    remove: (path, options) => store.remove(path, options),
    list: (prefix, options) => store.list(prefix, options),
  };
}

/** Opens what others sealed to us. @throws as {@link encrypted} */
export function decrypted(reader: Reader, keys: KeyAgreement): Reader {
  return {
    get: async (path, options) => {
      const file = await reader.get(path, options);
      return file && openFile(file, keys, path);
    },
    head: async (path, options) => {
      const head = await reader.head(path, options);
      return head && { ...head, contentType: BYTES, size: null };
    },
  };
}

async function openFile(file: File, keys: KeyAgreement, path: string): Promise<File> {
  const cipher = cipherOf(file.body, path);
  // Text is opened as bytes: a decoder would drop or replace what is not UTF-8.
  const body = await open({ ...cipher, wasString: false }, keys);
  return { body: typeof body === 'string' ? fromUtf8(body) : body, contentType: cipher.wasString ? TEXT : BYTES, etag: file.etag };
}

/** Also that of a signed envelope: who demands the signature put `enveloped` beneath, which left only the inner object. */
function cipherOf(body: Uint8Array, path: string): CipherShape {
  const content = parseContent(body);
  const inner = content.kind === 'enveloped' ? parseContent(fromUtf8(content.envelope.cipherText)) : content;
  if (inner.kind === 'sealed') return inner.cipher;
  throw new NamesteadError('CipherInvalid', `${path} is not encrypted: its host, or an app that puts plain files, wrote it`);
}

function isText(body: Uint8Array, contentType = BYTES): boolean {
  if (!/^(?:text\/|application\/json)/i.test(contentType)) return false;
  try {
    toUtf8Strict(body);
    return true;
  } catch (error) {
    if (isNamesteadError(error, 'Malformed')) return false;
    throw error;
  }
}
