import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startMemoryBitcoin } from '../../src/devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../src/devnet/bitcoin/node.js';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { concat, fromHex, fromUtf8, toHex } from '../../src/lib/bytes.js';
import { http, type Http } from '../../src/lib/http.js';
import { core } from '../../src/names/bitcoin/adapters/core.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { p2p } from '../../src/names/bitcoin/adapters/p2p.js';
import { cached } from '../../src/names/bitcoin/cached.js';
import { createHeaderChain, syncHeaders } from '../../src/names/bitcoin/chain.js';
import { fallback } from '../../src/names/bitcoin/fallback.js';
import { bitcoinRegtest } from '../../src/names/bitcoin/network.js';
import { encodeMessage } from '../../src/names/bitcoin/peerMessage.js';
import {
  encodeBlockFilter,
  encodeFilterHashes,
  encodeHeaders,
  encodeInventory,
  encodeVersion,
  parseBlockFilter,
  parseFilterHashes,
  parseHeaders,
  parseVersion,
  services,
} from '../../src/names/bitcoin/peerPayload.js';
import type { PeerSource } from '../../src/names/bitcoin/peerSource.js';
import { quorum } from '../../src/names/bitcoin/quorum.js';
import { scriptOfAddress } from '../../src/names/bitcoin/script.js';
import type { BitcoinSource, BlockId, FilterSource } from '../../src/names/bitcoin/source.js';
import { magic, say, startPeerLiar, type PeerLiar, type PeerLie } from '../names/bitcoin/peerLiar.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const script = scriptOfAddress('mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn');
const ABSENT = 'ab'.repeat(32);
let node: BitcoinNode;
let blocks: BlockId[];
let funding: string;
let honest: BitcoinSource & FilterSource;

beforeAll(async () => {
  node = await startMemoryBitcoin();
  funding = await node.fund(script, 1_000_000n);
  await node.mine(8);
  const height = Number(await node.rpc('getblockcount'));
  blocks = await Promise.all(Array.from({ length: height + 1 }, async (_, at) => ({ height: at, hash: String(await node.rpc('getblockhash', [at])) })));
  honest = core({ url: node.rpcUrl, user: node.user, password: node.password });
});
afterAll(() => node.close());
const blockAt = (height: number): BlockId => blocks[height] ?? { height, hash: ABSENT };
const rawBlock = async (height: number): Promise<Uint8Array> => fromHex(String(await node.rpc('getblock', [blockAt(height).hash, 0])));

describe('a peer that lies', () => {
  let liar: PeerLiar;
  let peer: PeerSource;
  beforeEach(async () => {
    liar = await startPeerLiar(node.p2p);
    peer = p2p({ host: liar.host, port: liar.port, params: bitcoinRegtest, clock: systemClock(), timeout: 400 });
  });
  afterEach(async () => {
    peer.close();
    await liar.close();
  });
  const instead =
    (command: string, edit: (payload: Uint8Array) => readonly Uint8Array[]): PeerLie =>
    (said, payload) =>
      said === command ? edit(payload) : null;
  const expectMalformed = async (call: Promise<unknown>, lie = 'HttpMalformed'): Promise<void> => {
    await expect(call).rejects.toThrow(code(lie));
    // The connection of a liar is not used again, and the next question is answered.
    liar.lie(() => null);
    expect(await peer.headers(1, 1)).toHaveLength(1);
  };

  test('is caught with another block than was asked for, or none', async () => {
    const other = await rawBlock(5);
    liar.lie(instead('block', () => [say('block', other)]));
    await expectMalformed(peer.block(blockAt(6).hash));
    liar.lie(instead('block', () => [say('block', new Uint8Array(80))]));
    await expectMalformed(peer.block(blockAt(6).hash));
    liar.lie(instead('block', () => [say('notfound', encodeInventory([{ type: 0x40000002, hash: ABSENT }]))]));
    await expectMalformed(peer.block(blockAt(6).hash));
  });

  test('is believed when it says that it has no block, in either way', async () => {
    liar.lie(instead('block', () => [say('notfound', encodeInventory([{ type: 0x40000002, hash: blockAt(6).hash }]))]));
    expect(await peer.block(blockAt(6).hash)).toBeNull();
    liar.lie(instead('block', () => []));
    expect(await peer.block(blockAt(6).hash)).toBeNull();
  });

  test('is caught with filters of other blocks, twice the same, or too few', async () => {
    const wanted = blocks.slice(1, 6);
    liar.lie(instead('cfilter', (payload) => [say('cfilter', encodeBlockFilter({ ...parseBlockFilter(payload), block: blockAt(60).hash }))]));
    await expectMalformed(peer.filters(wanted));
    liar.lie(instead('cfilter', (payload) => [say('cfilter', payload), say('cfilter', payload)]));
    await expectMalformed(peer.filters(wanted));
    liar.lie(instead('cfilter', (payload) => (parseBlockFilter(payload).block === blockAt(3).hash ? [] : [say('cfilter', payload)])));
    await expectMalformed(peer.filters(wanted));
    liar.lie(instead('cfilter', (payload) => [say('cfilter', concat(Uint8Array.of(1), payload.subarray(1)))]));
    await expectMalformed(peer.filters(wanted), 'Malformed');
  });

  test('is caught with filter headers that are too few, of another block, or that do not follow each other', async () => {
    const wanted = blocks.slice(1, 6);
    liar.lie(
      instead('cfheaders', (payload) => [
        say('cfheaders', encodeFilterHashes({ ...parseFilterHashes(payload), hashes: parseFilterHashes(payload).hashes.slice(1) })),
      ]),
    );
    await expectMalformed(peer.filterHeaders(wanted));
    liar.lie(instead('cfheaders', (payload) => [say('cfheaders', encodeFilterHashes({ ...parseFilterHashes(payload), stop: ABSENT }))]));
    await expectMalformed(peer.filterHeaders(wanted));
    liar.lie(instead('cfheaders', () => []));
    await expectMalformed(peer.filterHeaders(wanted));
    // An honest node would end the connection on such a range, so this one makes all of it up.
    const many = Array.from({ length: 2001 }, (_, height) => blocks[height] ?? { height, hash: ABSENT });
    const page = (last: BlockId, count: number): Uint8Array =>
      say(
        'cfheaders',
        encodeFilterHashes({ stop: last.hash, previous: new Uint8Array(32).fill(count), hashes: Array.from({ length: count }, () => new Uint8Array(32)) }),
      );
    const answers = [page(many[1999] ?? blockAt(0), 2000), page(many[2000] ?? blockAt(0), 1)];
    const eager = await eagerPeer(answers);
    await expect(eager.filterHeaders(many)).rejects.toThrow(/do not follow those it gave before/);
    eager.close();
  });

  test('is caught with headers that follow nothing it was asked about, or more than there may be', async () => {
    liar.lie(instead('headers', (payload) => [say('headers', encodeHeaders(parseHeaders(payload).slice(3)))]));
    await expectMalformed(peer.headers(1, 5));
    liar.lie(instead('headers', () => [say('headers', concat(Uint8Array.of(0xfd, 0xd1, 0x07), new Uint8Array(2000 * 81)))]));
    await expectMalformed(peer.headers(1, 5), 'Malformed');
  });

  test('is caught with a wrong checksum and the magic bytes of another network', async () => {
    liar.lie(instead('headers', (payload) => [say('headers', payload).map((byte, at) => (at === 60 ? byte ^ 1 : byte))]));
    await expectMalformed(peer.headers(1, 5), 'Malformed');
    liar.lie(instead('headers', (payload) => [encodeMessage('f9beb4d9', 'headers', payload)]));
    await expectMalformed(peer.headers(1, 5), 'NetworkMismatch');
  });

  test('is left when it announces more bytes than such a message may have, before it sent them', async () => {
    for (const [command, length] of [
      ['headers', 162_004],
      ['whatever', 4_000_001],
    ] as const) {
      const head = say(command).slice();
      new DataView(head.buffer).setUint32(16, length, true);
      liar.lie(instead('headers', () => [head]));
      await expectMalformed(peer.headers(1, 5), 'HttpTooLarge');
    }
  });

  test('is left when it never ends with what nobody asked for', async () => {
    for (const flood of [
      say('inv', encodeInventory(Array.from({ length: 1000 }, () => ({ type: 1, hash: ABSENT })))),
      say('addr', new Uint8Array(30_000)),
      say('ping', new Uint8Array(8)),
    ]) {
      liar.lie((command, _, socket) => {
        if (command !== 'headers') return null;
        const more = (): void => {
          while (!socket.destroyed && socket.write(concat(...Array.from({ length: 200 }, () => flood))));
          if (!socket.destroyed) socket.once('drain', more);
        };
        more();
        return [];
      });
      await expectMalformed(peer.headers(1, 5), 'HttpTooLarge');
    }
  });

  test('is left when it drips, or says nothing, or says no version', async () => {
    liar.lie((command, payload, socket) => {
      if (command !== 'headers') return null;
      const bytes = say(command, payload);
      let at = 0;
      const drip = setInterval(() => (socket.destroyed ? clearInterval(drip) : socket.write(bytes.subarray(at, ++at))), 10);
      return [];
    });
    await expectMalformed(peer.headers(1, 5), 'HttpTimeout');
    liar.lie(instead('headers', () => []));
    await expectMalformed(peer.headers(1, 5), 'HttpTimeout');
    peer.close();
    liar.lie(() => []);
    peer = p2p({ host: liar.host, port: liar.port, params: bitcoinRegtest, clock: systemClock(), timeout: 100 });
    await expect(peer.headers(1, 5)).rejects.toThrow(code('HttpTimeout'));
  });

  test('is left when it serves no blocks, and is asked for no filters when it serves none', async () => {
    const serving = (bits: bigint): PeerLie => instead('version', (payload) => [say('version', encodeVersion({ ...parseVersion(payload), services: bits }))]);
    for (const bits of [0n, services.witness, services.network | services.compactFilters]) {
      liar.lie(serving(bits));
      await expect(peer.headers(1, 1)).rejects.toThrow(code('ServerFailed'));
    }
    liar.lie(serving(services.networkLimited | services.witness));
    expect(await peer.headers(1, 1)).toHaveLength(1);
    await expect(peer.filters(blocks.slice(1, 3))).rejects.toThrow(code('ServerFailed'));
    await expect(peer.filterHeaders(blocks.slice(1, 3))).rejects.toThrow(code('ServerFailed'));
  });

  test('that hangs up between two questions is called again; one that hangs up on a question twice has failed', async () => {
    let socket: { destroy(): unknown } | undefined;
    liar.lie((_, __, client) => {
      socket = client;
      return null;
    });
    await peer.headers(1, 1);
    socket?.destroy();
    expect(await peer.headers(1, 1)).toHaveLength(1);
    expect(liar.visits()).toBe(2);
    liar.lie((command, _, client) => {
      if (command === 'headers') client.destroy();
      return command === 'headers' ? [] : null;
    });
    await expect(peer.headers(1, 1)).rejects.toThrow(code('HttpFailed'));
    expect(liar.visits()).toBe(3);
  });

  test('gets no question after one that was given up: its late answer would be taken for the next', async () => {
    const stop = new AbortController();
    liar.lie((command) => {
      if (command === 'headers') stop.abort();
      return command === 'headers' ? [] : null;
    });
    await expect(peer.headers(1, 1, { signal: stop.signal })).rejects.toThrow(code('Aborted'));
    liar.lie(() => null);
    expect((await peer.headers(3, 1)).map(toHex)).toEqual((await honest.headers(3, 1)).map(toHex));
    expect(liar.visits()).toBe(2);
  });
});

/** A peer that answers one question after the other with what it was given. */
async function eagerPeer(answers: readonly Uint8Array[]): Promise<PeerSource> {
  const { peerSource } = await import('../../src/names/bitcoin/peerSource.js');
  const version = { protocol: 70016, services: services.network | services.witness | services.compactFilters, time: 0, nonce: new Uint8Array(8) };
  const said = [say('version', encodeVersion({ ...version, userAgent: '', height: 0, relay: false })), say('verack'), ...answers];
  const connect = () => Promise.resolve({ read: () => Promise.resolve(said.shift() ?? null), write: () => undefined, close: () => undefined });
  const source = peerSource({ operator: 'eager', network: bitcoinRegtest, clock: systemClock(), connect, magic });
  return source;
}

describe('a bitcoind that lies over HTTP', () => {
  const lying = (edit: (url: string, body: Uint8Array) => Uint8Array | null): BitcoinSource & FilterSource => {
    const platform = http();
    const ask: Http = async (url, request) => {
      const answer = await platform(url, request);
      const body = edit(url, answer.body);
      if (body && body.length > (request?.limit ?? 1 << 20)) throw new Error('the platform would have refused it');
      return body ? { ...answer, body } : answer;
    };
    return core({ url: node.rpcUrl, user: node.user, password: node.password, http: ask });
  };

  test('is caught with the filter of another block, with one that goes on, and with one that ends early', async () => {
    const [, second] = await Promise.all(
      [5, 6].map(async (height) => new Uint8Array(await (await fetch(`${node.rpcUrl}/rest/blockfilter/basic/${blockAt(height).hash}.bin`)).arrayBuffer())),
    );
    const wanted = [blockAt(5)];
    for (const edit of [
      () => second ?? null,
      (_: string, body: Uint8Array) => concat(body, Uint8Array.of(0)),
      (_: string, body: Uint8Array) => body.subarray(0, -1),
      (_: string, body: Uint8Array) => concat(Uint8Array.of(1), body.subarray(1)),
      () => new Uint8Array(),
    ])
      await expect(lying(edit).filters(wanted)).rejects.toThrow(code('HttpMalformed'));
  });

  test('is caught with fewer filter headers than were asked for, or parts of one', async () => {
    for (const cut of [32, 1, 160])
      await expect(lying((_, body) => body.subarray(cut)).filterHeaders(blocks.slice(1, 6))).rejects.toThrow(code('HttpMalformed'));
  });
});

describe('an explorer that lies about a history', () => {
  const lying = (edit: (url: string, json: unknown) => unknown) => {
    const platform = http();
    return esplora({
      url: node.esploraUrl,
      http: async (url, request) => {
        const answer = await platform(url, request);
        return { ...answer, body: fromUtf8(JSON.stringify(edit(url, JSON.parse(new TextDecoder().decode(answer.body))))) };
      },
    });
  };
  const counting = (count: number) => (url: string, json: unknown) => (url.includes('/txs/') ? json : { chain_stats: { tx_count: count } });

  test('is caught when it lists fewer or other transactions than it counts, or one that waits', async () => {
    await expect(lying(counting(2)).history(script)).rejects.toThrow(code('HttpMalformed'));
    await expect(lying((url, json) => (url.includes('/txs/') ? [] : json)).history(script)).rejects.toThrow(code('HttpMalformed'));
    await expect(lying((url, json) => (url.includes('/txs/') ? [{ txid: ABSENT, status: { confirmed: false } }] : json)).history(script)).rejects.toThrow(
      code('HttpMalformed'),
    );
    await expect(
      lying((url, json) => (url.includes('/txs/') ? Array.from({ length: 26 }, () => (json as unknown[])[0]) : json)).history(script),
    ).rejects.toThrow(code('HttpMalformed'));
  });

  test('is asked for no page when it counts more than is taken', async () => {
    let pages = 0;
    const source = lying((url, json) => {
      if (url.includes('/txs/')) pages++;
      return counting(10_001)(url, json);
    });
    await expect(source.history(script)).rejects.toThrow(code('HttpTooLarge'));
    expect(pages).toBe(0);
  });
});

describe('around liars', () => {
  const named = <T extends object>(operator: string, source: T): T & { operator: string } => ({ ...source, operator });

  test('a quorum of two gives what two honest sources say, whatever the third says of anything', async () => {
    const wrong = new Uint8Array(300).fill(1);
    const lie = {
      headers: () => Promise.resolve([wrong.subarray(0, 80)]),
      transaction: () => Promise.resolve(wrong),
      inclusion: () => Promise.resolve(null),
      block: () => Promise.resolve(null),
      filters: () => Promise.resolve([wrong]),
      filterHeaders: () => Promise.resolve([wrong.subarray(0, 32)]),
      unspent: () => Promise.resolve([]),
      feeRate: () => Promise.resolve(9_999),
      broadcast: () => Promise.resolve(ABSENT),
    };
    for (const order of [0, 1, 2]) {
      const three = [named('a', honest), named('b', honest)];
      three.splice(order, 0, named('liar', lie));
      const source = quorum(2, three);
      expect((await source.headers(4, 3)).map(toHex)).toEqual((await honest.headers(4, 3)).map(toHex));
      expect(await source.transaction(funding)).toEqual(await honest.transaction(funding));
      expect(await source.inclusion(funding)).toEqual(await honest.inclusion(funding));
      expect(await source.block(blockAt(4).hash)).toEqual(await honest.block(blockAt(4).hash));
      expect(await source.filters([blockAt(4)])).toEqual(await honest.filters([blockAt(4)]));
      expect(await source.filterHeaders([blockAt(4)])).toEqual(await honest.filterHeaders([blockAt(4)]));
      expect(await source.unspent(script)).toEqual(await honest.unspent(script));
      expect(await source.feeRate()).toBeLessThan(100);
    }
  });

  test('a quorum without agreement names who said what, and has no answer', async () => {
    const saying = (operator: string, answer: Uint8Array | null | Error) =>
      named(operator, { block: (_hash: string) => (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)) });
    const source = quorum(2, [saying('one', Uint8Array.of(1)), saying('two', Uint8Array.of(2)), saying('three', null)]);
    const error = await source.block(ABSENT).catch((thrown: unknown) => thrown as Error);
    expect(error).toEqual(code('SourcesDisagree'));
    expect(String(error)).toMatch(/one says [0-9a-f]{8}.*two says [0-9a-f]{8}.*three says absent/);
    const forked = quorum(
      2,
      ['a', 'b', 'c'].map((operator, i) => named(operator, { headers: (_from: number, _count: number) => Promise.resolve([new Uint8Array(80).fill(i)]) })),
    );
    await expect(forked.headers(1, 1)).rejects.toThrow(code('SourcesDisagree'));
  });

  test('nobody counts twice, and no more must agree than there are', () => {
    expect(() => quorum(2, [named('a', honest), named('a', honest)])).toThrow(TypeError);
    expect(() => quorum(3, [named('a', honest), named('b', honest)])).toThrow(TypeError);
    expect(() => quorum(0, [named('a', honest)])).toThrow(TypeError);
  });

  test('a cache does not keep a lie: bytes of another transaction or block, a place that the chain does not prove', async () => {
    const chain = createHeaderChain(bitcoinRegtest);
    await syncHeaders(chain, [honest]);
    const right = { transaction: await honest.transaction(funding), block: await honest.block(blockAt(4).hash), inclusion: await honest.inclusion(funding) };
    const other = { transaction: new Uint8Array(100), block: await rawBlock(5), inclusion: { height: 4, index: 0, branch: [] } };
    for (const [method, id] of [
      ['transaction', funding],
      ['block', blockAt(4).hash],
      ['inclusion', funding],
    ] as const) {
      const answers: unknown[] = [other[method], right[method]];
      const source = cached({ operator: 'turncoat', [method]: () => Promise.resolve(answers.shift()) } as unknown as BitcoinSource, { chain });
      expect(await source[method](id)).toEqual(other[method]);
      expect(await source[method](id)).toEqual(right[method]);
      expect(answers).toEqual([]);
      expect(await source[method](id)).toEqual(right[method]);
    }
  });

  test('a cache gives no place that the chain has left since', async () => {
    const chain = createHeaderChain(bitcoinRegtest);
    await syncHeaders(chain, [honest]);
    const places = [await honest.inclusion(funding), null];
    const source = cached(
      { operator: 'one', inclusion: (_txid: string) => Promise.resolve(places.shift() ?? null) },
      { chain: { ...chain, at: (height) => at(height) } },
    );
    let at = chain.at;
    expect(await source.inclusion(funding)).not.toBeNull();
    expect(await source.inclusion(funding)).not.toBeNull();
    at = (height) => chain.at(height - 1);
    expect(await source.inclusion(funding)).toBeNull();
  });

  test('a fallback does not call absent what one source could not tell', async () => {
    const { NamesteadError } = await import('../../src/lib/errors.js');
    const dead = named('dead', { block: (_hash: string): Promise<Uint8Array | null> => Promise.reject(new NamesteadError('HttpFailed', 'down')) });
    const empty = named('empty', { block: (_hash: string): Promise<Uint8Array | null> => Promise.resolve(null) });
    await expect(fallback([dead, empty]).block(ABSENT)).rejects.toThrow(code('HttpFailed'));
    await expect(fallback([empty, dead]).block(ABSENT)).rejects.toThrow(code('HttpFailed'));
    expect(await fallback([empty, empty]).block(ABSENT)).toBeNull();
    expect(await fallback([dead, empty, named('honest', honest)]).block(blockAt(3).hash)).toEqual(await rawBlock(3));
  });
});
