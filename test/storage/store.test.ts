import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromUtf8, toUtf8 } from '../../src/lib/bytes.js';
import type { Clock } from '../../src/lib/clock.js';
import { NamesteadError } from '../../src/lib/errors.js';
import type { ErrorCode } from '../../src/lib/errors.js';
import { generatePrivateKey, keyAgreementOf, publicKeyOf, signerOf } from '../../src/lib/key.js';
import { memory } from '../../src/storage/adapters/memory.js';
import { sameEtag } from '../../src/storage/condition.js';
import { parseContent } from '../../src/storage/content.js';
import { decrypted, encrypted } from '../../src/storage/encrypted.js';
import { enveloped } from '../../src/storage/enveloped.js';
import { encodePath } from '../../src/storage/path.js';
import { retrying } from '../../src/storage/retrying.js';
import { signed } from '../../src/storage/signed.js';
import type { Condition, Store } from '../../src/storage/store.js';
import { under } from '../../src/storage/under.js';

const seed = { seed: 20211, numRuns: 200 };
const tag = fc.stringMatching(/^[0-9a-f]{1,8}$/);
const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => (error as { code?: unknown }).code,
  );

describe('a path', () => {
  test('that is accepted names one place in a URL, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (path) => {
        let encoded: string;
        try {
          encoded = encodePath(path);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PathInvalid' });
          return;
        }
        const url = new URL(`http://h/b/${encoded}`);
        expect(url.search + url.hash).toBe('');
        expect(decodeURIComponent(url.pathname.slice('/b/'.length))).toBe(path);
      }),
      seed,
    );
  });
});

describe('an etag', () => {
  test('is the same in every quoting, and no other', () => {
    fc.assert(
      fc.property(tag, tag, (a, b) => {
        for (const form of [a, `"${a}"`, `W/"${a}"`]) {
          expect(sameEtag(form, a)).toBe(true);
          expect(sameEtag(form, b)).toBe(a === b);
          expect(sameEtag(form, null)).toBe(false);
        }
      }),
      seed,
    );
  });
});

describe('the shape of a file', () => {
  test('is told for any bytes without a throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.json().map(fromUtf8)), (body) => {
        expect(parseContent(body).kind).toBe('plain');
      }),
      seed,
    );
  });
});

describe('a composition', () => {
  const key = generatePrivateKey();
  const keys = keyAgreementOf(key);

  test('stores what peers read: the envelope’s members and the cipher object’s, in their order', async () => {
    const host = memory();
    await encrypted(enveloped(under(host, 'app/'), signerOf(key)), keys).put('a', fromUtf8('text'), { contentType: 'text/plain' });
    const stored = await host.get('app/a');
    expect(stored?.contentType).toBe('application/json');
    const envelope = JSON.parse(toUtf8(stored?.body ?? new Uint8Array(0))) as Record<string, string>;
    expect(Object.keys(envelope)).toEqual(['signature', 'publicKey', 'cipherText']);
    const cipher = JSON.parse(envelope.cipherText ?? '') as Record<string, unknown>;
    expect(Object.keys(cipher)).toEqual(['iv', 'ephemeralPK', 'cipherText', 'mac', 'wasString']);
    expect(cipher.wasString).toBe(true);
  });

  test('tells text from bytes by the type that was put, and by what they are', async () => {
    const store = encrypted(memory(), keys);
    for (const [body, contentType, expected] of [
      [fromUtf8('é'), 'text/plain', 'text/plain; charset=utf-8'],
      [fromUtf8('{}'), 'application/json', 'text/plain; charset=utf-8'],
      [fromUtf8('x'), 'image/png', 'application/octet-stream'],
      [Uint8Array.of(0xff), 'text/plain', 'application/octet-stream'],
    ] as const) {
      await store.put('a', body, { contentType });
      expect(await store.get('a')).toMatchObject({ body, contentType: expected });
    }
  });

  test('reads what peers wrote without a signature, with one, and in base64', async () => {
    const host = memory();
    const reader = decrypted(host, keys);
    for (const store of [encrypted(host, keys), encrypted(host, keys, { encoding: 'base64' }), encrypted(enveloped(host, signerOf(key)), keys)]) {
      await store.put('a', fromUtf8('same'), { contentType: 'text/plain' });
      expect(toUtf8((await reader.get('a'))?.body ?? new Uint8Array(0))).toBe('same');
    }
  });

  test('seals to another’s key what only the other opens', async () => {
    const host = memory();
    const other = generatePrivateKey();
    await encrypted(host, keys, { to: publicKeyOf(other) }).put('a', fromUtf8('for you'));
    expect(toUtf8((await decrypted(host, keyAgreementOf(other)).get('a'))?.body ?? new Uint8Array(0))).toBe('for you');
    expect(await codeOf(decrypted(host, keys).get('a'))).toBe('CipherMismatch');
  });

  test('a prefix without a slash at its end is the caller’s mistake', () => {
    expect(() => under(memory(), 'app')).toThrow(TypeError);
  });
});

describe('signed files', () => {
  const signer = signerOf(generatePrivateKey());

  test('are replaced with their signature, as often as wished', async () => {
    const store = signed(memory(), signer);
    for (const text of ['1', '2', '3']) {
      await store.put('a', fromUtf8(text));
      expect(toUtf8((await store.get('a'))?.body ?? new Uint8Array(0))).toBe(text);
    }
  });

  test('and their signatures go together; a signature alone is no file', async () => {
    const host = memory();
    const store = signed(host, signer);
    await store.put('a', fromUtf8('1'));
    expect(await store.remove('a')).toBe(true);
    for await (const path of host.list()) expect.unreachable(path);
    for (const work of [() => store.put('a.sig', fromUtf8('x')), () => store.get('a.sig'), () => store.remove('a.sig')])
      expect(await codeOf(work())).toBe('PathInvalid');
  });

  test('under a condition that fails change nothing, the signature neither', async () => {
    const store = signed(memory(), signer);
    const { etag } = await store.put('a', fromUtf8('1'));
    await store.put('a', fromUtf8('2'));
    expect(await codeOf(store.put('a', fromUtf8('3'), { condition: { kind: 'match', etag: etag ?? '' } }))).toBe('PreconditionFailed');
    expect(toUtf8((await store.get('a'))?.body ?? new Uint8Array(0))).toBe('2');
  });

  test('whose signature cannot be written say so, and are refused until they are put again', async () => {
    const host = memory();
    let broken = false;
    const failing: Store = {
      ...host,
      put: (path, body, options) =>
        broken && path.endsWith('.sig') ? Promise.reject(new NamesteadError('HttpTimeout', 'late')) : host.put(path, body, options),
    };
    const store = signed(failing, signer);
    await store.put('a', fromUtf8('1'));
    broken = true;
    expect(await codeOf(store.put('a', fromUtf8('2')))).toBe('StorageFailed');
    expect(await codeOf(store.get('a'))).toBe('SignatureInvalid');
    broken = false;
    await store.put('a', fromUtf8('2'));
    expect(toUtf8((await store.get('a'))?.body ?? new Uint8Array(0))).toBe('2');
  });
});

describe('retrying', () => {
  /** Fails `times` times with `code`, then does what it is asked. */
  const failing = (code: ErrorCode, times: number): { store: Store; calls: () => number } => {
    const host = memory();
    let calls = 0;
    const trip = <T>(work: () => Promise<T>): Promise<T> => (++calls <= times ? Promise.reject(new NamesteadError(code, 'not now')) : work());
    const store: Store = {
      ...host,
      get: (path, options) => trip(() => host.get(path, options)),
      put: (path, body, options) => trip(() => host.put(path, body, options)),
      remove: (path, options) => trip(() => host.remove(path, options)),
    };
    return { store, calls: () => calls };
  };
  const clockOf = (waits: number[]): Clock => ({
    now: () => 0,
    sleep: (ms, signal) => {
      waits.push(ms);
      return signal?.aborted ? Promise.reject(new NamesteadError('Aborted', 'cancelled')) : Promise.resolve();
    },
  });

  test('waits longer each time, by half to the whole of the step, then gives up', async () => {
    const waits: number[] = [];
    const draws = [0, 0.999, 0.5, 0];
    const { store, calls } = failing('Conflict', 9);
    const patient = retrying(store, { clock: clockOf(waits), random: () => draws.shift() ?? 0, attempts: 5, delay: 100 });
    expect(await codeOf(patient.get('a'))).toBe('Conflict');
    expect(calls()).toBe(5);
    expect(waits.map(Math.round)).toEqual([50, 200, 300, 400]);
  });

  test.each<[ErrorCode, Condition['kind'], boolean]>([
    ['Conflict', 'create', true],
    ['Conflict', 'match', true],
    ['Conflict', 'any', true],
    ['HttpTimeout', 'any', true],
    ['HttpTimeout', 'create', false],
    ['StorageFailed', 'match', false],
    ['HttpFailed', 'any', true],
    ['Unauthorized', 'any', false],
    ['PreconditionFailed', 'create', false],
    ['TooLarge', 'any', false],
    ['HttpStatus', 'any', false],
  ])('after %s a write under %s is tried again: %s', async (code, kind, again) => {
    const { store, calls } = failing(code, 1);
    const condition: Condition = kind === 'match' ? { kind, etag: 'none' } : { kind };
    const outcome = await codeOf(retrying(store, { clock: clockOf([]), random: () => 0 }).put('a', fromUtf8('2'), { condition }));
    expect(calls()).toBe(again ? 2 : 1);
    expect(outcome).toBe(again ? (kind === 'match' ? 'PreconditionFailed' : null) : code);
  });

  test('stops when it is cancelled', async () => {
    const { store, calls } = failing('Conflict', 9);
    expect(await codeOf(retrying(store, { clock: clockOf([]), random: () => 0 }).get('a', { signal: AbortSignal.abort() }))).toBe('Aborted');
    expect(calls()).toBe(1);
  });
});
