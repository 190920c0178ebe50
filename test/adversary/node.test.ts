import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { fromUtf8, toBase64, toHex } from '../../src/lib/bytes.js';
import { http } from '../../src/lib/http.js';
import { parseBlock } from '../../src/names/bitcoin/block.js';
import { bitcoinRegtest } from '../../src/names/bitcoin/network.js';
import { serializeTransaction } from '../../src/names/bitcoin/transaction.js';
import { atlasPeer, type AtlasPeer } from '../../src/node/atlas.js';
import { bitcoind } from '../../src/node/bitcoind.js';
import { memoryShelf, type Shelf } from '../../src/node/shelf.js';
import { createLedger, type Ledger } from '../../src/node/ledger.js';
import { hashZoneFile } from '../../src/zones/zonefile.js';
import { network } from '../node/kit.js';
import { serve, servePeer } from '../zones/server.js';

const files = ['$ORIGIN alice.id\n', '$ORIGIN bob.id\n', '$ORIGIN carol.id\n'].map(fromUtf8);
const hashes = files.map((file) => toHex(hashZoneFile(file)));

/** A ledger whose chain names the three files. */
const empty = createLedger(network);
const ledger: Ledger = {
  ...empty,
  lookups: () => ({ ...empty.lookups(), zoneFileHashes: () => hashes, bitsOf: (hash) => hashes.flatMap((one, bit) => (one === hash ? [bit] : [])) }),
};

function peerBeside(neighbours: readonly string[], errors: unknown[] = []): { readonly peer: AtlasPeer; readonly shelf: Shelf } {
  const shelf = memoryShelf();
  const ask = http();
  const impatient: typeof ask = (url, request) => ask(url, { ...request, timeout: 200 });
  const peer = atlasPeer({ ledger, shelf, clock: systemClock(), http: impatient, peers: neighbours, onError: (error) => errors.push(error) });
  onTestFinished(() => peer.close());
  return { peer, shelf };
}

const holding = (zonefiles: Record<string, string>): Promise<string> => servePeer(() => ({ status: true, zonefiles }));

describe('an Atlas peer among liars', () => {
  test('keeps of an answer what was asked and fits, and drops the rest', async () => {
    const unasked = fromUtf8('$ORIGIN mallory.id\n');
    const liar = await holding({
      [hashes[0] ?? '']: toBase64(unasked),
      [toHex(hashZoneFile(unasked))]: toBase64(unasked),
      [hashes[1] ?? '']: toBase64(files[1] ?? unasked),
      [hashes[2] ?? '']: '***',
    });
    const { shelf } = peerBeside([liar]);
    await expect.poll(() => shelf.has(hashes[1] ?? '')).toBe(true);
    expect([hashes[0], hashes[2], toHex(hashZoneFile(unasked))].map((hash) => shelf.has(hash ?? ''))).toEqual([false, false, false]);
  });

  test('gets past neighbours that are down, silent, or talk HTML, to one that has the files', async () => {
    const errors: unknown[] = [];
    const html = await serve((_, response) => response.end('<html>no</html>'));
    const silent = await serve(() => undefined);
    const honest = await holding(Object.fromEntries(files.map((file, at) => [hashes[at], toBase64(file)])) as Record<string, string>);
    const { peer } = peerBeside(['127.0.0.1:9', html, silent, honest], errors);
    await expect.poll(() => peer.inventory(), { timeout: 3000 }).toEqual(Uint8Array.of(0b1110_0000));
    expect(errors.map((error) => (error as { code: string }).code)).toEqual(['HttpFailed', 'HttpMalformed', 'HttpTimeout']);
  });

  test('takes no file that the chain does not name, and hands none on', async () => {
    const calls: string[] = [];
    const neighbour = await servePeer((method) => {
      calls.push(method);
      return { status: true, zonefiles: {}, saved: [1] };
    });
    const { peer, shelf } = peerBeside([neighbour]);
    expect(await peer.put(fromUtf8('anything'))).toBe(false);
    expect(shelf.has(toHex(hashZoneFile(fromUtf8('anything'))))).toBe(false);
    expect(calls).not.toContain('put_zonefiles');
    expect(await peer.put(files[0] ?? new Uint8Array())).toBe(true);
    expect(await peer.put(files[0] ?? new Uint8Array())).toBe(true);
    await expect.poll(() => calls.filter((method) => method === 'put_zonefiles')).toHaveLength(1);
  });

  test('asks ever more rarely for what nobody has', async () => {
    const sleeps: number[] = [];
    const clock = {
      now: () => 0,
      sleep: (ms: number, signal?: AbortSignal) =>
        sleeps.push(ms) < 20
          ? Promise.resolve()
          : new Promise<void>((_, reject) =>
              signal?.addEventListener('abort', () => {
                reject(new Error('over'));
              }),
            ),
    };
    const peer = atlasPeer({ ledger, shelf: memoryShelf(), clock, http: http(), peers: [], onError: () => undefined });
    await expect.poll(() => sleeps.length).toBe(20);
    await peer.close();
    expect(sleeps.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
    expect(sleeps.at(-1)).toBe(300_000);
  });

  test('meets only peers that are well-formed, and no more than 80', async () => {
    const { peer } = peerBeside([]);
    for (const bad of ['http://a.example', 'a.example', 'a b:6264', '[::1]:6264']) peer.meet(bad);
    expect(peer.peers()).toEqual([]);
    for (let port = 10; port < 200; port++) peer.meet(`127.0.0.1:${port}`);
    expect(peer.peers()).toHaveLength(80);
  });

  test('keeps nothing on its shelf that does not fit its hash', async () => {
    await expect(memoryShelf().put(hashes[0] ?? '', fromUtf8('other'))).rejects.toMatchObject({ code: 'ZoneFileMismatch' });
  });
});

describe('a bitcoind that lies', () => {
  const answering = async (result: unknown): Promise<ReturnType<typeof bitcoind>> =>
    bitcoind({ url: await serve((_: IncomingMessage, response: ServerResponse) => response.end(JSON.stringify({ result, error: null, id: 1 }))) }, http());
  const block = async (): Promise<Uint8Array> => new Uint8Array(await readFile(`${import.meta.dirname}/../vectors/bitcoin/block300025.raw`));

  test('gives another block than was asked', async () => {
    const bytes = await block();
    const { header } = parseBlock(bytes);
    const node = await answering(toHex(bytes));
    expect((await node.block(header.hash)).header.hash).toBe(header.hash);
    await expect(node.block(bitcoinRegtest.genesisHash)).rejects.toMatchObject({ code: 'ServerFailed' });
  });

  test('gives a block with other transactions', async () => {
    const bytes = await block();
    const { header } = parseBlock(bytes);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await expect((await answering(toHex(bytes))).block(header.hash)).rejects.toMatchObject({ code: 'MerkleMismatch' });
  });

  test('gives another transaction than was asked', async () => {
    const { transactions, txids } = parseBlock(await block());
    const [transaction] = transactions;
    if (!transaction) throw new Error('the block has a transaction');
    const node = await answering(toHex(serializeTransaction(transaction)));
    expect(await node.outputs(txids[0] ?? '')).toEqual(transaction.outputs);
    await expect(node.outputs(txids[1] ?? '')).rejects.toMatchObject({ code: 'ServerFailed' });
  });

  test('gives what is no answer', async () => {
    for (const result of [null, -1, 1.5, 'x', {}, []]) await expect((await answering(result)).height()).rejects.toMatchObject({ code: 'HttpMalformed' });
    for (const result of [null, 7, 'zz', '00']) await expect((await answering(result)).blockHash(1)).rejects.toMatchObject({ code: 'HttpMalformed' });
    await expect((await answering('00')).block('00'.repeat(32))).rejects.toMatchObject({ code: 'Malformed' });
  });
});
