import type { Hash160 } from '../lib/address.js';
import { toHex } from '../lib/bytes.js';
import type { CallOptions, Clock } from '../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../lib/errors.js';
import { verifyZoneFile } from './zonefile.js';
import type { ZoneSource } from './zones.js';

/** Sources asked at once at the most. */
const IN_FLIGHT = 3;
/** Milliseconds after which the next source is asked besides one that is still silent. */
const PATIENCE = 300;
/** Milliseconds after which the search ends, where there is a clock. */
const DEADLINE = 10_000;

export interface FindZoneFileOptions extends CallOptions {
  /** With a clock the next source is asked only when those before it failed or were silent for 300 ms, and all is over after 10 s; without, three are asked at once. */
  readonly clock?: Clock | undefined;
  /** Told the place in `sources` of each that gave other bytes than the hash names. */
  readonly onLie?: ((source: number) => void) | undefined;
}

type Outcome =
  { readonly kind: 'found'; readonly bytes: Uint8Array } | { readonly kind: 'absent' | 'lie' } | { readonly kind: 'failed'; readonly cause: unknown };

/**
 * Asks sources, the best first, until one gives the bytes that `hash` names; the first that fits wins and the others are let go.
 * Nobody needs to be trusted: the hash decides.
 *
 * @example
 * const bytes = await findZoneFile(record.zoneFileHash, [cached(atlas({ url: peer }).get, memoryZones()), httpZones({ url: mirror })], { clock });
 * @throws NamesteadError `ZoneFileMismatch` when no source had it and some gave other bytes, `ZoneFileMissing` when none had it, `Aborted`
 */
export async function findZoneFile(hash: Hash160, sources: readonly ZoneSource[], options: FindZoneFileOptions = {}): Promise<Uint8Array> {
  const { signal, clock, onLie } = options;
  if (signal?.aborted) throw aborted(hash, signal.reason);
  const over = new AbortController();
  const stop = (): void => {
    over.abort(signal?.reason);
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const outcomes: Outcome[] = [];
    for await (const [source, outcome] of race(hash, sources, over.signal, clock)) {
      if (outcome.kind === 'found') return outcome.bytes;
      if (outcome.kind === 'lie') onLie?.(source);
      outcomes.push(outcome);
    }
    throw signal?.aborted ? aborted(hash, signal.reason) : refusal(hash, outcomes, sources.length);
  } finally {
    signal?.removeEventListener('abort', stop);
    over.abort();
  }
}

/** Yields each source's outcome as it comes, and ends when all have answered or time is up. */
async function* race(hash: Hash160, sources: readonly ZoneSource[], signal: AbortSignal, clock?: Clock): AsyncGenerator<readonly [number, Outcome]> {
  const pending = new Map<number, Promise<readonly [number, Outcome]>>();
  const ended = new Promise<'ended'>((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve('ended');
      },
      { once: true },
    );
    clock?.sleep(DEADLINE, signal).then(
      () => {
        resolve('ended');
      },
      () => undefined,
    );
  });
  let next = 0;
  while (pending.size > 0 || next < sources.length) {
    const source = sources[next];
    if (source && pending.size < IN_FLIGHT) {
      const place = next++;
      pending.set(
        place,
        ask(hash, source, signal).then((outcome) => [place, outcome] as const),
      );
      if (!clock && pending.size < IN_FLIGHT && next < sources.length) continue;
    }
    const patience = clock && next < sources.length && pending.size < IN_FLIGHT ? [waited(clock, signal)] : [];
    const first = await Promise.race([...pending.values(), ...patience, ended]);
    if (first === 'ended') return;
    if (first === 'waited') continue;
    pending.delete(first[0]);
    yield first;
  }
}

async function waited(clock: Clock, signal: AbortSignal): Promise<'waited'> {
  await clock.sleep(PATIENCE, signal).catch(() => undefined);
  return 'waited';
}

async function ask(hash: Hash160, source: ZoneSource, signal: AbortSignal): Promise<Outcome> {
  try {
    const bytes = await source(hash, { signal });
    return bytes === null ? { kind: 'absent' } : { kind: 'found', bytes: verifyZoneFile(bytes, hash) };
  } catch (cause) {
    return isLie(cause) ? { kind: 'lie' } : { kind: 'failed', cause };
  }
}

function isLie(cause: unknown): boolean {
  return isNamesteadError(cause, 'ZoneFileMismatch') || isNamesteadError(cause, 'ZoneFileTooLarge');
}

function refusal(hash: Hash160, outcomes: readonly Outcome[], asked: number): NamesteadError {
  const count = (kind: Outcome['kind']): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  const cause = outcomes.find((outcome) => outcome.kind === 'failed')?.cause;
  const silent = asked - outcomes.length;
  const tally = `of ${asked} sources ${count('absent')} lack it, ${count('lie')} gave other bytes, ${count('failed')} failed, ${silent} were silent`;
  const code = count('lie') > 0 ? 'ZoneFileMismatch' : 'ZoneFileMissing';
  return new NamesteadError(code, `no source has the zone file ${toHex(hash)}: ${tally}; add a source, or try again`, { cause });
}

function aborted(hash: Hash160, cause: unknown): NamesteadError {
  return new NamesteadError('Aborted', `the search for the zone file ${toHex(hash)} was cancelled`, { cause });
}
