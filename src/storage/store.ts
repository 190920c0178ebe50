import type { CallOptions } from '../lib/clock.js';

/** A file as a store holds it. The etag is the store's own text, kept verbatim. */
export interface File {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly etag: string | null;
}

export interface Head {
  readonly contentType: string;
  readonly etag: string | null;
  /** Bytes; null where the store does not tell. */
  readonly size: number | null;
  /** Milliseconds since 1970 of the last write; null where the store does not tell. */
  readonly modified: number | null;
}

/** When a write may happen: only a new file, only over the version with this etag, or always. */
export type Condition = { readonly kind: 'create' } | { readonly kind: 'match'; readonly etag: string } | { readonly kind: 'any' };

export interface PutOptions extends CallOptions {
  /** Default `application/octet-stream`. */
  readonly contentType?: string | undefined;
  /** Default `any`. A condition that does not hold is the error `PreconditionFailed` and changes nothing. */
  readonly condition?: Condition | undefined;
}

/** `null`: no such file. Any throw: cannot tell. */
export interface Reader {
  get(path: string, options?: CallOptions): Promise<File | null>;
  head(path: string, options?: CallOptions): Promise<Head | null>;
}

/** Answers the new etag and, where others can read, the URL. After a throw the old file stands unharmed. */
export interface Writer {
  put(path: string, body: Uint8Array, options?: PutOptions): Promise<{ readonly etag: string | null; readonly url: string | null }>;
}

/** Removes a file; false when there was none. */
export interface Remover {
  remove(path: string, options?: CallOptions & { readonly condition?: Condition | undefined }): Promise<boolean>;
}

/** Every path, recursively, in no order. */
export interface Lister {
  list(prefix?: string, options?: CallOptions): AsyncIterable<string>;
}

/** A place for files with all four abilities. Wrappers take one and give one. */
export type Store = Reader & Writer & Remover & Lister;
