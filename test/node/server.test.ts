import { request as plainRequest } from 'node:http';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { concat, toBase64, toUtf8 } from '../../src/lib/bytes.js';
import { encodeCall, parseResponse, type XmlRpcValue } from '../../src/lib/xmlrpc.js';
import { mainnet } from '../../src/names/bitcoin/network.js';
import type { Context } from '../../src/node/context.js';
import { createLedger } from '../../src/node/ledger.js';
import { methods } from '../../src/node/methods.js';
import { startServer } from '../../src/node/server.js';
import { call } from './kit.js';

const peer: Context['atlas'] = {
  get: () => Promise.resolve(null),
  put: () => Promise.resolve(false),
  inventory: () => new Uint8Array(),
  peers: () => ['a.example:6264'],
  meet: () => undefined,
  greet: () => undefined,
  wake: () => undefined,
  close: () => Promise.resolve(),
};

/** A server over a node that has seen no block. */
async function serve(atlas: Partial<Context['atlas']> = {}): Promise<string> {
  const context: Context = {
    network: mainnet,
    ledger: createLedger(mainnet),
    atlas: { ...peer, ...atlas },
    standing: () => ({ seen: null, indexing: true, stale: false }),
  };
  const server = await startServer({ context, host: '127.0.0.1', port: 0, onError: () => undefined });
  onTestFinished(() => server.close());
  return `http://127.0.0.1:${server.port}`;
}

async function post(url: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body: body as BodyInit, headers });
}

describe('the server of a node', () => {
  test('answers calls on / and on /RPC2, in an envelope', async () => {
    const url = await serve();
    for (const path of ['/', '/RPC2']) {
      const answer = await post(url + path, encodeCall('get_atlas_peers', []));
      expect(answer.headers.get('content-type')).toBe('text/xml');
      expect(JSON.parse(parseResponse(await answer.text()) as string)).toEqual({
        status: true,
        indexing: true,
        lastblock: mainnet.firstBlock - 1,
        peers: ['a.example:6264'],
      });
    }
  });

  test('answers ping and getinfo without an envelope', async () => {
    const url = await serve();
    expect(await call(url, 'ping')).toEqual({ status: 'alive', version: '21.0.0.0' });
    expect(await call(url, 'getinfo')).toEqual({
      last_block_seen: 373_600,
      last_block_processed: 373_600,
      consensus: null,
      server_version: '21.0.0.0',
      server_alive: true,
      indexing: true,
      testnet: false,
      first_block: 373_601,
      zonefile_count: 0,
    });
  });

  test('is open to browsers of every origin', async () => {
    const url = await serve();
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' } });
    expect(preflight.status).toBe(204);
    for (const answer of [preflight, await post(url, encodeCall('ping', [])), await fetch(`${url}/v1/ping`), await fetch(`${url}/none`)])
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });

  test('packs a large answer when the client offers it', async () => {
    const url = await serve({ peers: () => Array.from({ length: 80 }, (_, at) => `peer-${at}.of-a-long-name.example:6264`) });
    const raw = (headers: Record<string, string>): Promise<{ encoding: string | undefined; body: Uint8Array }> =>
      new Promise((resolve) => {
        const request = plainRequest(url, { method: 'POST', headers }, (response) => {
          const parts: Uint8Array[] = [];
          response.on('data', (part: Uint8Array) => parts.push(part));
          response.on('end', () => {
            resolve({ encoding: response.headers['content-encoding'], body: concat(...parts) });
          });
        });
        request.end(encodeCall('get_atlas_peers', []));
      });
    const [plain, packed] = [await raw({}), await raw({ 'accept-encoding': 'gzip' })];
    expect([plain.encoding, packed.encoding]).toEqual([undefined, 'gzip']);
    expect(toUtf8(gunzipSync(packed.body))).toBe(toUtf8(plain.body));
  });

  test('refuses what is larger than 524,288 bytes with 400 and an empty body, and what is packed with 501', async () => {
    const url = await serve();
    const large = await post(url, 'x'.repeat(524_289));
    expect([large.status, await large.text()]).toEqual([400, '']);
    expect((await post(url, encodeCall('ping', []) + ' '.repeat(500_000))).status).toBe(200);
    expect((await post(url, 'x', { 'content-encoding': 'gzip' })).status).toBe(501);
  });

  test('says 400 in the JSON to a call that is not as the method wants it, and changes nothing', async () => {
    let puts = 0;
    const url = await serve({ put: () => Promise.resolve(++puts > 0) });
    const hash = '00'.repeat(20);
    const bad: [string, ...XmlRpcValue[]][] = [
      ['ping', 1],
      ['get_consensus_at'],
      ['get_consensus_at', -1],
      ['get_consensus_at', 1.5],
      ['get_consensus_at', '1'],
      ['get_consensus_hashes', 1],
      ['get_consensus_hashes', Array.from({ length: 33 }, () => 1)],
      ['get_consensus_hashes', [1, 'a']],
      ['get_blockstack_ops_at', 373_601, 0, 11],
      ['get_name_record', 'no name'],
      ['get_name_record', { toString: 'alice.id' }],
      ['get_zonefiles', hash],
      ['get_zonefiles', Array.from({ length: 101 }, () => hash)],
      ['get_zonefiles', [hash, hash.toUpperCase().replace(/0/g, 'A')]],
      ['get_zonefiles', [hash, 'zz'.repeat(20)]],
      ['put_zonefiles', Array.from({ length: 6 }, () => 'eA==')],
      ['put_zonefiles', ['eA==', 'eA']],
      ['put_zonefiles', ['eA==', ' eA==']],
      ['put_zonefiles', ['eA==', toBase64(new Uint8Array(40_961))]],
      ['get_zonefiles_by_block', 1, 2, 0, 101],
      ['get_zonefile_inventory', 0, 524_289],
      ['atlas_peer_exchange', 'http://a.example/'],
    ];
    for (const [method, ...params] of bad)
      expect(await call(url, method, ...params), method).toMatchObject({ http_status: 400, error: expect.any(String) as string });
    expect(puts).toBe(0);
  });

  test('says 404 to a method it does not have, inherited words too', async () => {
    const url = await serve();
    for (const method of ['nope', 'toString', 'constructor', '__proto__', 'hasOwnProperty'])
      expect(await call(url, method)).toMatchObject({ http_status: 404 });
  });

  test('answers what is no call with a fault', async () => {
    const url = await serve();
    for (const body of [
      '',
      '<html></html>',
      encodeCall('ping', []).slice(0, 40),
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "b">]><methodCall></methodCall>',
      Uint8Array.of(0xff, 0xfe),
    ]) {
      expect(await (await post(url, body)).text()).toContain('<fault>');
    }
  });

  test('tells nothing of what went wrong inside', async () => {
    const url = await serve({ get: () => Promise.reject(new Error('secret path /home/x')) });
    expect(await call(url, 'get_zonefiles', ['00'.repeat(20)])).toEqual({ error: 'internal error', http_status: 500 });
    const answer = await fetch(`${url}/v1/zonefiles/${'00'.repeat(20)}`);
    expect([answer.status, await answer.json()]).toEqual([500, { error: 'internal error' }]);
  });

  test('tells more than 64 requests at once to come back', async () => {
    let release = (): void => undefined;
    const held = new Promise<null>((resolve) => {
      release = () => {
        resolve(null);
      };
    });
    const url = await serve({ get: () => held });
    const ask = (): Promise<unknown> => call(url, 'get_zonefiles', ['00'.repeat(20)]);
    const waiting = Array.from({ length: 64 }, ask);
    await expect
      .poll(async () => await ask(), { timeout: 5000 })
      .toEqual({ status: false, indexing: false, lastblock: -1, error: 'overloaded', http_status: 429 });
    release();
    expect(await Promise.all(waiting)).toHaveLength(64);
    expect(await ask()).toMatchObject({ status: true });
  }, 20_000);

  test('outlives clients that are no clients', async () => {
    const url = await serve();
    const port = Number(new URL(url).port);
    for (const bytes of [
      '\0\0\0\0',
      'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nx',
      'GET //[::bad HTTP/1.1\r\nhost: a\r\n\r\n',
      `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket
          .on('error', () => undefined)
          .on('close', () => {
            resolve();
          });
        socket.setTimeout(100, () => socket.destroy());
        socket.resume();
      });
    }
    expect(await call(url, 'ping')).toMatchObject({ status: 'alive' });
  });

  test('answers any call of any method with an object', async () => {
    const url = await serve();
    const value = fc.letrec<{ value: XmlRpcValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 2 },
        fc.stringMatching(/^[a-z0-9.:-]{0,45}$/),
        fc.integer({ min: -5, max: 400_000 }),
        fc.boolean(),
        fc.constant(null),
        fc.constant('00'.repeat(20)),
        fc.array(tie('value'), { maxLength: 3 }),
      ),
    })).value;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(methods)), fc.array(value, { maxLength: 4 }), async (method, params) => {
        const answer = await call(url, method, ...params);
        expect(answer).toBeTypeOf('object');
        expect(answer['http_status']).not.toBe(500);
      }),
      { seed: 12, numRuns: 300 },
    );
  }, 30_000);

  test('answers any path with an object and never with 500', async () => {
    const url = await serve();
    const part = fc.constantFrom(
      'v1',
      'v2',
      'names',
      'alice.id',
      'zonefile',
      'zonefiles',
      '00'.repeat(20),
      'namespaces',
      'id',
      'prices',
      'blockchains',
      'bitcoin',
      'operations',
      '373601',
      'consensus',
      '..',
      '%00',
      '%',
      'history',
      '',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), fc.constantFrom('', '?page=x', '?page=99', '?raw=1'), async (parts, query) => {
        const answer = await fetch(`${url}/${parts.join('/')}${query}`);
        expect(answer.status).not.toBe(500);
        await answer.arrayBuffer();
      }),
      { seed: 13, numRuns: 200 },
    );
  }, 30_000);
});
