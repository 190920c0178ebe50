import type { CallOptions } from '../lib/clock.js';
import { NamesteadError, isNamesteadError } from '../lib/errors.js';
import type { ErrorCode } from '../lib/errors.js';
import { expectOk } from '../lib/http.js';
import type { Http } from '../lib/http.js';
import { ownerHash } from './owner.js';
import { openProfile, PROFILE_LIMIT } from './profile.js';
import type { Profile, ProfileOptions } from './profile.js';

/** The most hosts that are asked for one profile. */
const MOST_URLS = 8;

export interface FindProfileOptions extends ProfileOptions, CallOptions {
  readonly http: Http;
  /** Milliseconds for each host. Default 10,000. */
  readonly timeout?: number;
  /** The newest `issuedAt` seen for this owner before, in milliseconds: an older answer is marked `regressed`. */
  readonly seen?: number;
}

export interface FoundProfile {
  readonly profile: Profile;
  readonly url: string;
  /** True when it is older than what was `seen`: the hosts serve an old profile again. */
  readonly regressed: boolean;
  /** The other hosts whose answer was refused, and why. */
  readonly refused: readonly { readonly url: string; readonly code: ErrorCode }[];
}

/**
 * Asks every host at once for an owner's profile and answers the newest that the owner signed. Hosts are asked, never believed.
 *
 * @throws NamesteadError `ProfileMissing` when no host has one; else what the first host's answer was refused for, `ProfileMismatch`
 * before all others; `ProfileUnverifiable`, `AddressInvalid`, `Aborted`
 * @example
 * const { profile } = await findProfile(profileUrls(zoneFile), record.owner, { http: http(), clock });
 */
export async function findProfile(urls: readonly string[], owner: string, options: FindProfileOptions): Promise<FoundProfile> {
  ownerHash(owner);
  const asked = urls.filter((url) => /^https?:\/\//i.test(url)).slice(0, MOST_URLS);
  const answers = await Promise.all(asked.map(async (url) => ({ url, answer: await ask(url, owner, options) })));
  if (options.signal?.aborted) throw new NamesteadError('Aborted', `the search for the profile of ${owner} was cancelled`);
  const refused = answers.flatMap(({ url, answer }) => (answer instanceof NamesteadError ? [{ url, code: answer.code, error: answer }] : []));
  const found = answers.flatMap(({ url, answer }) => (answer instanceof NamesteadError ? [] : [{ url, profile: answer }]));
  const [newest] = found.sort((a, b) => issued(b.profile) - issued(a.profile));
  if (newest === undefined)
    throw worst(
      refused.map(({ error }) => error),
      owner,
    );
  const regressed = options.seen !== undefined && issued(newest.profile) < options.seen;
  return { ...newest, regressed, refused: refused.map(({ url, code }) => ({ url, code })) };
}

async function ask(url: string, owner: string, { http, clock, signal, timeout = 10_000 }: FindProfileOptions): Promise<Profile | NamesteadError> {
  try {
    const answer = await http(url, { limit: PROFILE_LIMIT, timeout, signal });
    return openProfile(expectOk(answer, 'the host of the profile').body, owner, { clock });
  } catch (error) {
    if (isNamesteadError(error)) return error;
    throw error;
  }
}

function issued({ issuedAt }: Profile): number {
  return issuedAt ?? 0;
}

/** A host that served another's profile says more than one that was silent. */
function worst(errors: readonly NamesteadError[], owner: string): NamesteadError {
  const told = errors.filter(({ code }) => !code.startsWith('Http'));
  const [first] = [...told.filter(({ code }) => code === 'ProfileMismatch'), ...told];
  return (
    first ??
    new NamesteadError('ProfileMissing', `no host answered with a profile of ${owner}; ${errors.length} were asked`, { cause: new AggregateError(errors) })
  );
}
