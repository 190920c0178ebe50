import { fromUtf8, toUtf8Strict } from '../lib/bytes.js';
import { NamesteadError } from '../lib/errors.js';
import type { Signer } from '../lib/key.js';
import { makeSignature, parseContent, toJsonBytes, verifyAuthor } from './content.js';
import type { Author } from './content.js';
import type { Reader, Store } from './store.js';

const JSON_TYPE = 'application/json';

/**
 * Signs ciphertext on its way out and checks it on its way in: `{signature, publicKey, cipherText}` in one file. It stands beneath
 * {@link encrypted}, whose JSON text it carries. One file holds both, so it is replaced whole.
 *
 * A host that seals something else to the owner's public key is refused: it has no signature, or another's. The signature covers neither
 * path nor time: a host can still serve an older file of the same author, or swap two.
 *
 * @throws NamesteadError `SignatureMissingFile` when a file is not signed, `SignerMismatch`, `SignatureInvalid`
 */
export function enveloped(store: Store, signer: Signer): Store {
  return {
    ...envelopedBy(store, signer.publicKey),
    put: async (path, body, options = {}) => {
      const signature = await makeSignature(body, signer);
      return store.put(path, toJsonBytes({ ...signature, cipherText: toUtf8Strict(body) }), { ...options, contentType: JSON_TYPE });
    },
    remove: (path, options) => store.remove(path, options),
    list: (prefix, options) => store.list(prefix, options),
  };
}

/** The signed ciphertext of `author`, whose key or bucket address is known from elsewhere. @throws as {@link enveloped} */
export function envelopedBy(reader: Reader, author: Author): Reader {
  return {
    get: async (path, options) => {
      const file = await reader.get(path, options);
      if (file === null) return null;
      const content = parseContent(file.body);
      if (content.kind !== 'enveloped') {
        throw new NamesteadError('SignatureMissingFile', `${path} carries no signature of its author: anybody who knows the public key can have written it`);
      }
      const body = fromUtf8(content.envelope.cipherText);
      verifyAuthor(body, content.envelope, author, path);
      return { body, contentType: JSON_TYPE, etag: file.etag };
    },
    head: async (path, options) => {
      const head = await reader.head(path, options);
      return head && { ...head, contentType: JSON_TYPE, size: null };
    },
  };
}
