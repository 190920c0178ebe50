import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { NamesteadError } from '../../src/lib/errors.js';
import { http } from '../../src/lib/http.js';
import { core } from '../../src/names/bitcoin/adapters/core.js';
import { electrum } from '../../src/names/bitcoin/adapters/electrum.js';
import { electrumTcp } from '../../src/names/bitcoin/adapters/electrumTcp.js';
import { electrumWebSocket } from '../../src/names/bitcoin/adapters/electrumWebSocket.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { indexer } from '../../src/names/bitcoin/adapters/indexer.js';
import { p2p } from '../../src/names/bitcoin/adapters/p2p.js';
import { byHistory } from '../../src/names/bitcoin/byHistory.js';
import { bitcoinRegtest, mainnet } from '../../src/names/bitcoin/network.js';
import { quorumNames } from '../../src/names/bitcoin/quorumNames.js';
import { atlas } from '../../src/zones/adapters/atlas.js';

const SECRET = 's3cret';
let server: Server;
let port: number;
/** What the server says to whatever it is asked; null: nothing, and it hangs up. */
let says: string | null = null;

beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => (says === null ? socket.destroy() : socket.end(says)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' ? (address?.port ?? 0) : 0;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** An error and all its causes, as a log would write them. */
function written(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack ?? ''} ${JSON.stringify(error)} ${written(error.cause)}`;
}

describe('a secret in a URL', () => {
  const at = (scheme: string): string => `${scheme}://user:${SECRET}@127.0.0.1:${port}/?token=${SECRET}`;
  const plain = (): string => `http://127.0.0.1:${port}/?token=${SECRET}`;
  const params = bitcoinRegtest;
  const asked: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['Electrum over TCP', () => electrum({ url: at('tcp'), connect: electrumTcp(), params }).tip()],
    ['Electrum over TLS', () => electrum({ url: at('ssl'), connect: electrumTcp(), params }).tip()],
    ['Electrum over a WebSocket', () => electrum({ url: `ws://127.0.0.1:${port}/?token=${SECRET}`, connect: electrumWebSocket(), params }).tip()],
    ['Electrum at no such URL', () => electrum({ url: at('gopher'), connect: electrumTcp(), params }).tip()],
    ['Electrum at no such socket', () => electrum({ url: at('gopher'), connect: electrumWebSocket(), params }).tip()],
    ['a core node', () => indexer({ url: plain() }).tip()],
    ['an Atlas peer', () => atlas({ url: plain() }).get(new Uint8Array(20) as never)],
    ['an explorer with a password', () => esplora({ url: at('http') }).feeRate()],
    ['bitcoind with a password in the URL', () => core({ url: at('http') }).feeRate()],
    ['bitcoind', () => core({ url: `http://127.0.0.1:${port}`, user: 'user', password: SECRET }).feeRate()],
  ];
  test.each(asked)('stands in no error of %s', async (_, ask) => {
    for (const answer of [
      null,
      'nonsense\n',
      '{"id":77}\n',
      'HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno',
      'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno',
    ]) {
      says = answer;
      const error: unknown = await ask().catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(Error);
      expect(written(error)).not.toContain(SECRET);
    }
  });
});

describe('an operator', () => {
  const spellings = ['a.example', 'A.EXAMPLE', 'a.example.', 'user@a.example'];
  const connect = (): Promise<never> => Promise.reject(new NamesteadError('HttpFailed', 'never'));
  test('counts once however its host is spelled', () => {
    const operators = [
      ...spellings.flatMap((host) => [`ssl://${host}`, `ssl://${host}:50002`]).map((url) => electrum({ url, connect, params: bitcoinRegtest }).operator),
      ...spellings
        .flatMap((host) => [esplora({ url: `https://${host}/api` }), core({ url: `https://${host}:443` }), indexer({ url: `https://${host}` })])
        .map(({ operator }) => operator),
    ];
    expect(new Set(operators)).toEqual(new Set(['a.example']));
    const peers = ['Node.example', 'node.example.'].map((host) => p2p({ host, params: bitcoinRegtest, clock: systemClock() }).operator);
    expect(new Set(peers)).toEqual(new Set(['node.example:18444']));
    expect(p2p({ host: '::1', port: 5, params: bitcoinRegtest, clock: systemClock() }).operator).toBe('[::1]:5');
    const twice = ['ssl://a.example:50002', 'ssl://A.example.'].map((url) => electrum({ url, connect, params: bitcoinRegtest }));
    expect(() => byHistory({ histories: twice })).toThrow(TypeError);
    const nodes = ['https://a.example', 'https://A.example.:443'].map((url) => indexer({ url, http: http() }));
    expect(() => quorumNames({ network: mainnet, indexers: nodes, least: 2, headers: esplora({ url: 'https://b.example' }) })).toThrow(TypeError);
  });
});
