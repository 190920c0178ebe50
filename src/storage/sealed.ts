import { keyAgreementOf, signerOf } from '../lib/key.js';
import type { PrivateKey } from '../lib/key.js';
import { encrypted } from './encrypted.js';
import { enveloped } from './enveloped.js';
import { optimistic } from './optimistic.js';
import type { Store } from './store.js';

/**
 * A key's private files: encrypted to it, signed by it, and never overwritten unseen. It is what `put` of a client does unless told otherwise.
 *
 * @throws NamesteadError as {@link encrypted}, {@link enveloped} and {@link optimistic}
 * @example
 * const files = sealed(gaia({ hub, signer: signerOf(appKey), clock }), appKey);
 */
export function sealed(store: Store, key: PrivateKey): Store {
  return optimistic(encrypted(enveloped(store, signerOf(key)), keyAgreementOf(key)));
}
