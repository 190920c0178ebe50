import type { CallOptions } from '../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../lib/errors.js';
import type { Signer } from '../lib/key.js';
import { makeSignature, parseSignature, toJsonBytes, verifyAuthor } from './content.js';
import type { Author } from './content.js';
import type { Condition, File, Reader, Store } from './store.js';

const SUFFIX = '.sig';

/**
 * Signs public files: the file as it is, and `{path}.sig` with `{signature, publicKey}` beside it. Reads are checked against the own key.
 *
 * Two files cannot be replaced as one. The file goes first, under the caller's condition; the signature follows over the version seen before.
 * Where that fails, reads are refused until the file is put again; where that matters, write {@link enveloped} files.
 *
 * @throws NamesteadError `SignatureMissingFile`, `SignatureInvalid`, `SignerMismatch`, `Conflict` when two writers met, `PathInvalid` for a path that ends in `.sig`
 */
export function signed(store: Store, signer: Signer): Store {
  return {
    ...signedBy(store, signer.publicKey),
    put: async (path, body, options = {}) => {
      const signature = toJsonBytes(await makeSignature(body, signer));
      const before = await store.head(signaturePath(path), options);
      const stored = await store.put(path, body, options);
      try {
        await store.put(signaturePath(path), signature, { signal: options.signal, contentType: 'application/json', condition: following(before) });
      } catch (cause) {
        const code = isNamesteadError(cause, 'PreconditionFailed') ? 'Conflict' : 'StorageFailed';
        throw new NamesteadError(code, `${path} was replaced, its signature was not: put it again, until then reads are refused`, { cause });
      }
      return stored;
    },
    remove: async (path, options) => {
      const signature = signaturePath(path);
      const removed = await store.remove(path, options);
      await store.remove(signature, { signal: options?.signal });
      return removed;
    },
    async *list(prefix, options) {
      for await (const path of store.list(prefix, options)) if (!path.endsWith(SUFFIX)) yield path;
    },
  };
}

/**
 * The public files of `author`, each checked against the signature beside it.
 *
 * @throws as {@link signed}
 * @example
 * const file = await signedBy(readGaia({ url: profile.apps[origin] }), bucketAddress).get('posts/1.json');
 */
export function signedBy(reader: Reader, author: Author): Reader {
  return {
    get: async (path, options) => {
      try {
        return await readSigned(reader, author, path, options);
      } catch (error) {
        // Between the two writes of an author a reader sees the new file with the old signature: look once more.
        if (!isNamesteadError(error, 'SignatureInvalid') && !isNamesteadError(error, 'SignatureMissingFile')) throw error;
        return readSigned(reader, author, path, options);
      }
    },
    head: (path, options) => reader.head(path, options),
  };
}

async function readSigned(reader: Reader, author: Author, path: string, options: CallOptions | undefined): Promise<File | null> {
  const [file, signature] = await Promise.all([reader.get(path, options), reader.get(signaturePath(path), options)]);
  if (file === null) return null;
  if (signature === null) throw new NamesteadError('SignatureMissingFile', `${path}${SUFFIX} is missing: nothing tells who wrote ${path}`);
  verifyAuthor(file.body, parseSignature(signature.body, `${path}${SUFFIX}`), author, path);
  return file;
}

function signaturePath(path: string): string {
  if (path.endsWith(SUFFIX)) throw new NamesteadError('PathInvalid', `${path} is the place of a signature, not of a signed file`);
  return `${path}${SUFFIX}`;
}

function following(before: { readonly etag: string | null } | null): Condition {
  if (before === null) return { kind: 'create' };
  return before.etag === null ? { kind: 'any' } : { kind: 'match', etag: before.etag };
}
