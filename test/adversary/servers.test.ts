import { request as plainRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { challengeText } from '../../src/hub/authentication.js';
import { startHub } from '../../src/hub/hub.js';
import type { HubOptions } from '../../src/hub/hub.js';
import { addressOf } from '../../src/lib/address.js';
import { toHex } from '../../src/lib/bytes.js';
import { generatePrivateKey, signerOf } from '../../src/lib/key.js';
import { signToken } from '../../src/lib/token.js';
import { encodeCall } from '../../src/lib/xmlrpc.js';
import { mainnet } from '../../src/names/bitcoin/network.js';
import type { Context } from '../../src/node/context.js';
import { createLedger } from '../../src/node/ledger.js';
import { startServer } from '../../src/node/server.js';
import { memory } from '../../src/storage/adapters/memory.js';

const signer = signerOf(generatePrivateKey());
const address = addressOf(signer.publicKey);
const authorization = async (): Promise<string> =>
  `bearer v1:${await signToken({ gaiaChallenge: challengeText('gaia-0'), iss: toHex(signer.publicKey), iat: Math.floor(Date.now() / 1000) }, signer)}`;

async function hub(options: Partial<HubOptions> = {}): Promise<string> {
  const started = await startHub({ store: memory(), ...options });
  onTestFinished(() => started.close());
  return started.url;
}

async function node(meet: (peer: string) => void = () => undefined, zoneFile: Uint8Array | null = null, idle?: number): Promise<string> {
  const context: Context = {
    network: mainnet,
    ledger: createLedger(mainnet),
    atlas: {
      get: () => Promise.resolve(zoneFile),
      put: () => Promise.resolve(false),
      inventory: () => new Uint8Array(),
      peers: () => [],
      meet,
      greet: () => undefined,
      wake: () => undefined,
      close: () => Promise.resolve(),
    },
    standing: () => ({ seen: null, indexing: true, stale: false }),
  };
  const server = await startServer({ context, host: '127.0.0.1', port: 0, onError: () => undefined, idle });
  onTestFinished(() => server.close());
  return `http://127.0.0.1:${server.port}`;
}

/** What a server answers to the very bytes of a request. */
function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(text));
    socket.setEncoding('latin1').on('data', (part: string) => {
      got += part;
    });
    socket.on('error', () => undefined).on('close', () => resolve(got));
  });
}

/** A POST whose body comes in single bytes, each a chunk of its own. */
function crumbs(url: string, headers: Record<string, string>, count: number): Promise<string> {
  const { host, pathname } = new URL(url);
  const head = Object.entries({ host, 'transfer-encoding': 'chunked', connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return raw(url, `POST ${pathname} HTTP/1.1\r\n${head.join('')}\r\n${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`);
}

describe('a hub before hostile clients', () => {
  test('outlives a body of 300,000 pieces', async () => {
    const url = await hub();
    const answer = await crumbs(`${url}/store/${address}/crumbs`, { authorization: await authorization() }, 300_000);
    expect(answer).toMatch(/^HTTP\/1\.1 202 /);
    expect((await fetch(`${url}/read/${address}/crumbs`)).headers.get('content-length')).toBe('300000');
  });

  test('holds no more of unfinished uploads than it was told to, and goes on', async () => {
    const url = await hub({ maxFileUploadSizeMegabytes: 1, maxUploadMegabytes: 2 });
    const auth = await authorization();
    const open: ReturnType<typeof plainRequest>[] = [];
    onTestFinished(() => {
      for (const each of open) each.destroy();
    });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const request = plainRequest(`${url}/store/${address}/held-${i}`, {
        method: 'POST',
        headers: { authorization: auth, 'content-length': String(1 << 20) },
      });
      request.on('response', (response) => statuses.push(response.statusCode ?? 0)).on('error', () => undefined);
      request.write(new Uint8Array((1 << 20) - 1));
      open.push(request);
    }
    while (statuses.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(statuses).toEqual([503, 503]);
    for (const each of open) each.destroy();
    // The room of uploads that broke off is free again.
    await expect
      .poll(
        async () => (await fetch(`${url}/store/${address}/after`, { method: 'POST', headers: { authorization: auth }, body: new Uint8Array(1 << 20) })).status,
      )
      .toBe(202);
  });

  test('serves what strangers wrote so that a browser runs none of it in the name of the hub', async () => {
    const url = await hub();
    const headers = { authorization: await authorization(), 'content-type': 'text/html' };
    await fetch(`${url}/store/${address}/page`, { method: 'POST', headers, body: '<script>alert(1)</script>' });
    const answer = await fetch(`${url}/read/${address}/page`);
    expect(answer.headers.get('content-type')).toBe('text/html');
    expect(answer.headers.get('content-security-policy')).toMatch(/^sandbox/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('opens nothing of its folder that is no bucket', async () => {
    const asked: string[] = [];
    const store = memory();
    const url = await hub({ store: { ...store, get: (path, options) => (asked.push(path), store.get(path, options)) } });
    expect((await fetch(`${url}/read/notabucket/secret`)).status).toBe(404);
    expect(asked).toEqual([]);
  });
});

describe('a node before hostile clients', () => {
  test('meets nobody on the word of a web page or of a stranger behind a proxy', async () => {
    const met: string[] = [];
    const url = await node((peer) => met.push(peer));
    const body = encodeCall('atlas_peer_exchange', ['192.168.1.1:80']);
    const from = (headers: Record<string, string>): Promise<string> => {
      const head = Object.entries({ host: 'node', connection: 'close', 'content-length': String(body.length), ...headers });
      return raw(url, `POST / HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`);
    };
    expect(await from({ origin: 'https://evil.example', 'content-type': 'text/plain' })).toMatch(/^HTTP\/1\.1 200 /);
    await from({ origin: 'null' });
    await from({ 'sec-fetch-site': 'cross-site' });
    await from({ 'x-forwarded-for': '203.0.113.9' });
    await from({ forwarded: 'for=203.0.113.9' });
    expect(met).toEqual([]);
    await from({});
    expect(met).toEqual(['192.168.1.1:80']);
  });

  test('lets go of a client that reads no answer', async () => {
    const url = await node(() => undefined, new Uint8Array(40_960), 200);
    const body = encodeCall('get_zonefiles', [Array.from({ length: 100 }, (_, i) => i.toString(16).padStart(40, '0'))]);
    const request = `POST / HTTP/1.1\r\nhost: node\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const got = await new Promise<number>((resolve) => {
      let size = 0;
      const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(request.repeat(10)));
      socket.pause().on('data', (part) => (size += part.length));
      socket.on('error', () => undefined).on('close', () => resolve(size));
      setTimeout(() => socket.resume(), 1500);
    });
    expect(got).toBeLessThan(40e6);
  });

  test.each(['//', '///', '//a:b@:1', 'http://[', '*'])('answers 400 or 404 to the target %s', async (target) => {
    expect(await raw(await node(), `GET ${target} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 (?:400|404) /);
  });

  test('outlives a body of 300,000 pieces', async () => {
    expect(await crumbs(`${await node()}/`, {}, 300_000)).toMatch(/^HTTP\/1\.1 200 [\s\S]*fault/);
  });
});
