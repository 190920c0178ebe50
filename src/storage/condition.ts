import { NamesteadError } from '../lib/errors.js';
import type { Condition } from './store.js';

/** Hubs, CDNs and drivers quote and weaken one etag in different ways (`"x"`, `x`, `W/"x"`): they are one. */
export function sameEtag(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && bareEtag(a) === bareEtag(b);
}

export function bareEtag(etag: string): string {
  return etag.replace(/^W\//, '').replace(/^"(.*)"$/s, '$1');
}

/**
 * Lets a write pass when its condition holds. `current` is the etag of the file there; `undefined`: there is no file.
 *
 * @throws NamesteadError `PreconditionFailed`
 */
export function requireCondition(condition: Condition | undefined, current: string | null | undefined, path: string): void {
  if (condition?.kind === 'create' && current !== undefined) throw new NamesteadError('PreconditionFailed', `${path} exists already`);
  if (condition?.kind === 'match' && (current === undefined || !sameEtag(condition.etag, current))) {
    throw new NamesteadError('PreconditionFailed', `${path} is not the version this write was meant to replace: read it again, then decide`);
  }
}
