import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHub } from '../../src/hub/hub.js';
import type { Hub } from '../../src/hub/hub.js';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8, toBase64, toHex, toUtf8 } from '../../src/lib/bytes.js';
import type { Clock } from '../../src/lib/clock.js';
import { sha256 } from '../../src/lib/hash.js';
import { http } from '../../src/lib/http.js';
import type { HttpRequest } from '../../src/lib/http.js';
import { generatePrivateKey, signerOf, toDer } from '../../src/lib/key.js';
import { signToken } from '../../src/lib/token.js';
import { memory } from '../../src/storage/adapters/memory.js';
import type { Store } from '../../src/storage/store.js';

const now = 1_800_000_000;
const clock: Clock = { now: () => now * 1000, sleep: () => Promise.resolve() };
const challenge = JSON.stringify(['gaiahub', '0', 'gaia-0', 'blockstack_storage_please_sign']);
const signer = signerOf(generatePrivateKey());
const address = addressOf(signer.publicKey);
const token = async (claims: object = {}): Promise<string> =>
  `bearer v1:${await signToken({ gaiaChallenge: challenge, iss: toHex(signer.publicKey), iat: now, ...claims }, signer)}`;

const store = memory();
const failures: unknown[] = [];
/** Holds every write of a path with `slow` in it until released. */
let release: () => void = () => undefined;
let entered: () => void = () => undefined;
const held: Store = {
  ...store,
  put: async (path, body, options) => {
    if (path.includes('slow')) {
      entered();
      await new Promise<void>((resolve) => (release = resolve));
    }
    if (path.includes('broken')) throw new Error('the store is broken');
    return store.put(path, body, options);
  },
};
let hub: Hub;

beforeAll(async () => {
  hub = await startHub({ store: held, maxFileUploadSizeMegabytes: 0.5, clock, onError: (error) => failures.push(error) });
});
afterAll(() => hub.close());

async function ask(path: string, request: HttpRequest = {}): Promise<{ status: number; headers: Headers; text: string }> {
  const { status, headers, body } = await http()(`${hub.url}${path}`, request);
  return { status, headers, text: toUtf8(body) };
}

async function store1(path: string, body = 'x', headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  return ask(`/store/${address}/${path}`, { method: 'POST', body, headers: { authorization: await token(), 'content-type': 'text/plain', ...headers } });
}

describe('writes', () => {
  test('of one path at one time: the second is refused at once, and others go on', async () => {
    const writing = new Promise<void>((resolve) => (entered = resolve));
    const first = store1('slow.txt');
    await writing;
    expect(await store1('slow.txt')).toMatchObject({ status: 409 });
    const refused = await ask(`/delete/${address}/slow.txt`, { method: 'DELETE', headers: { authorization: await token() } });
    expect(refused).toMatchObject({
      status: 409,
      text: JSON.stringify({ message: `Concurrent operation (delete) attempted on ${address}/slow.txt`, error: 'ConflictError' }),
    });
    expect((await store1('other.txt')).status).toBe(202);
    release();
    expect((await first).status).toBe(202);
  });

  test('larger than the hub takes are refused, announced or not, and the connection answers', async () => {
    const large = new Uint8Array((1 << 19) + 1);
    const authorization = await token();
    const announced = await ask(`/store/${address}/large`, { method: 'POST', body: large, headers: { authorization } });
    expect(announced).toMatchObject({ status: 413 });
    expect(announced.text).toBe(
      '{"message":"Max file upload size is 0.5 megabytes. Rejected Content-Length of 524289 megabytes","error":"PayloadTooLargeError"}',
    );
    const answer = await chunked(`/store/${address}/large`, authorization, large);
    expect(answer).toContain('413');
    expect(answer).toContain('Rejected POST body stream');
    expect(await store.get(`${address}/large`)).toBeNull();
  });

  test('that a client breaks off leave nothing', async () => {
    const authorization = await token();
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(hub.url).port), '127.0.0.1', () => {
        socket.write(`POST /store/${address}/half HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-length: 100\r\n\r\nhalf`, () =>
          socket.destroy(),
        );
      });
      socket.once('close', () => {
        resolve();
      });
    });
    // The path is free again, so the broken write has ended.
    await expect.poll(async () => (await store1('half', 'whole')).status).toBe(202);
    expect(toUtf8((await store.get(`${address}/half`))?.body ?? new Uint8Array(0))).toBe('whole');
  });

  test('that the store fails at are "Server Error", and the hub’s owner hears why', async () => {
    expect(await store1('broken')).toEqual(expect.objectContaining({ status: 500, text: '{"message":"Server Error"}' }));
    expect(failures.at(-1)).toMatchObject({ message: 'the store is broken' });
  });

  test('with a content type of more than 1,024 characters are refused', async () => {
    expect((await store1('typed', 'x', { 'content-type': `text/${'x'.repeat(1100)}` })).status).toBe(500);
  });

  test('outside the bucket are refused, however the dots are spelt', async () => {
    for (const path of ['..%2fother', 'a%2f%2e%2e%2f%2e%2e%2fb', 'a..b', 'a%00b', 'a//b']) {
      expect(await store1(path), path).toMatchObject({ status: 403, text: '{"message":"Invalid Path","error":"BadPathError"}' });
    }
    expect((await store1('%zz')).status).toBe(400);
  });
});

describe('tokens with scopes', () => {
  const scoped = async (method: 'POST' | 'DELETE', path: string, scopes: readonly object[], body = 'x'): Promise<{ status: number; text: string }> =>
    ask(`/${method === 'POST' ? 'store' : 'delete'}/${address}/${path}`, {
      method,
      ...(method === 'POST' ? { body } : {}),
      headers: { authorization: await token({ scopes }) },
    });

  test('delete where they may', async () => {
    await store1('d/1');
    await store1('d/2');
    const scopes = [{ scope: 'deleteFilePrefix', domain: 'd/' }];
    expect((await scoped('DELETE', 'd/1', scopes)).status).toBe(202);
    expect(await scoped('DELETE', 'other.txt', scopes)).toMatchObject({
      status: 401,
      text: `{"message":"Address ${address} not authorized to delete from other.txt by scopes","error":"ValidationError"}`,
    });
    expect((await scoped('DELETE', 'd/2', [{ scope: 'deleteFile', domain: 'd/2' }])).status).toBe(202);
  });

  test('for archives keep what they replace, and cannot see it', async () => {
    const scopes = [{ scope: 'putFileArchival', domain: 'log' }];
    for (const body of ['1', '2', '3']) expect((await scoped('POST', 'log', scopes, body)).status).toBe(202);
    expect((await scoped('DELETE', 'log', scopes)).status).toBe(202);
    const kept: string[] = [];
    for await (const path of store.list(`${address}/.history.`)) kept.push(toUtf8((await store.get(path))?.body ?? new Uint8Array(0)));
    expect(kept.sort()).toEqual(['1', '2', '3']);
    const listing = await ask(`/list-files/${address}`, { method: 'POST', headers: { authorization: await token({ scopes }) } });
    expect(listing.text).not.toContain('.history.');
  });
});

describe('a revocation', () => {
  const revoke = async (oldestValidTimestamp: unknown): Promise<{ status: number; text: string }> =>
    ask(`/revoke-all/${address}`, {
      method: 'POST',
      headers: { authorization: await token(), 'content-type': 'application/json' },
      body: JSON.stringify({ oldestValidTimestamp }),
    });

  test('ends tokens of the first kind too, survives a restart and is never lowered', async () => {
    const der = toHex(toDer(await signer.sign(sha256(fromUtf8(challenge)))));
    const legacy = `bearer ${toBase64(fromUtf8(JSON.stringify({ publickey: toHex(signer.publicKey), signature: der })))}`;
    expect((await store1('legacy', 'x', { authorization: legacy })).status).toBe(202);
    expect((await revoke(now)).status).toBe(202);
    expect((await store1('legacy', 'x', { authorization: legacy })).status).toBe(401);
    expect((await store1('fresh')).status).toBe(202);
    expect((await revoke(1)).status).toBe(202);
    const again = await startHub({ store, clock });
    const old = await http()(`${again.url}/store/${address}/a`, { method: 'POST', headers: { authorization: await token({ iat: now - 1 }) }, body: 'x' });
    expect(old.status).toBe(401);
    await again.close();
  });

  test('cannot close a bucket for good, and wants a number', async () => {
    for (const value of [now + 10 * 86_400, 'never', -5, {}]) expect((await revoke(value)).status).toBe(400);
    expect((await revoke(undefined)).text).toBe('{"message":"Invalid JSON: missing oldestValidTimestamp"}');
    expect((await store1('open')).status).toBe(202);
  });

  test('that cannot be read any more lets nothing pass', async () => {
    const other = signerOf(generatePrivateKey());
    const bucket = addressOf(other.publicKey);
    await store.put(`${bucket}-auth/authTimestamp`, fromUtf8('damaged'));
    const authorization = `bearer v1:${await signToken({ gaiaChallenge: challenge, iss: toHex(other.publicKey), iat: now }, other)}`;
    expect((await ask(`/store/${bucket}/a`, { method: 'POST', headers: { authorization }, body: 'x' })).status).toBe(500);
  });
});

describe('reads', () => {
  test('answer type, etag, size and time, for HEAD as for GET, to every origin', async () => {
    await store1('r.txt', 'read me');
    for (const method of ['GET', 'HEAD'] as const) {
      const { status, headers, text } = await ask(`/read/${address}/r.txt`, { method });
      expect(status).toBe(200);
      expect(text).toBe(method === 'GET' ? 'read me' : '');
      expect(headers.get('content-type')).toBe('text/plain');
      expect(headers.get('etag')).toBe((await store.head(`${address}/r.txt`))?.etag);
      expect(headers.get('content-length')).toBe('7');
      expect(headers.get('cache-control')).toBe('no-cache');
      expect(headers.get('last-modified')).toMatch(/GMT$/);
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-expose-headers')).toBe('Content-Type, ETag');
    }
  });

  test('of what is not there, of no bucket, or of a hub’s own files find nothing', async () => {
    for (const path of [`/read/${address}/none`, '/read/abc/r.txt', `/read/${address}/..%2f${address}-auth/authTimestamp`]) {
      expect(await ask(path)).toMatchObject({ status: 404, text: 'File not found' });
    }
    expect((await ask(`/read/${address}-auth/authTimestamp`)).status).toBe(404);
  });

  test('with a content type that no header can carry cannot bring the hub down', async () => {
    await store.put(`${address}/odd`, fromUtf8('x'), { contentType: 'text/\r\nplain: x' });
    await expect(ask(`/read/${address}/odd`)).rejects.toMatchObject({ code: 'HttpFailed' });
    expect((await ask('/hub_info')).status).toBe(200);
  });
});

describe('browsers', () => {
  test('may send what clients send', async () => {
    const { status, headers } = await ask(`/store/${address}/a`, {
      method: 'OPTIONS' as 'GET',
      headers: { origin: 'http://app.example', 'access-control-request-method': 'POST' },
    });
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-methods')).toContain('DELETE');
    for (const header of ['authorization', 'content-type', 'if-match', 'if-none-match']) {
      expect(headers.get('access-control-allow-headers')?.toLowerCase()).toContain(header);
    }
  });
});

describe('pages of a listing', () => {
  test('hold every name once, in order', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `${address}/l${i}`);
    const small = memory();
    for (const name of names) await small.put(name, fromUtf8('x'));
    const paged = await startHub({ store: small, pageSize: 3, clock });
    const pages: unknown[] = [];
    for (let page: string | null = null, asked = 0; asked < 4; asked++) {
      const body = JSON.stringify({ page });
      const answer = await http()(`${paged.url}/list-files/${address}`, {
        method: 'POST',
        body,
        headers: { authorization: await token(), 'content-type': 'application/json' },
      });
      const listing = JSON.parse(toUtf8(answer.body)) as { entries: string[]; page: string | null };
      pages.push(listing.entries);
      page = listing.page;
    }
    expect(pages).toEqual([['l0', 'l1', 'l2'], ['l3', 'l4', 'l5'], ['l6'], []]);
    await paged.close();
  });
});

describe('starting', () => {
  test('on a port that is taken is PortInUse', async () => {
    await expect(startHub({ store: memory(), port: Number(new URL(hub.url).port) })).rejects.toMatchObject({ code: 'PortInUse' });
  });

  test('without a place for the files, or with two, is the caller’s mistake', async () => {
    await expect(startHub({})).rejects.toThrow(TypeError);
    await expect(startHub({ store: memory(), directory: '/tmp' })).rejects.toThrow(TypeError);
  });
});

function chunked(path: string, authorization: string, body: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(new URL(hub.url).port), '127.0.0.1', () => {
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`);
      socket.write(body);
      socket.write('\r\n0\r\n\r\n');
    });
    socket.on('data', (part) => (answer += part.toString()));
    socket.once('error', reject);
    socket.once('close', () => {
      resolve(answer);
    });
  });
}
