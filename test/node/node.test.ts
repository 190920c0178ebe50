import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fromUtf8, toBase64, toHex } from '../../src/lib/bytes.js';
import { http } from '../../src/lib/http.js';
import { callJsonText } from '../../src/lib/xmlrpc.js';
import { indexer } from '../../src/names/bitcoin/adapters/indexer.js';
import { consensusHash, operationsHash, skipHeights } from '../../src/names/bitcoin/consensus.js';
import { serializeOperation } from '../../src/names/bitcoin/serialization.js';
import { readyNamespace } from '../../src/names/bitcoin/builder.js';
import { startNode } from '../../src/node/node.js';
import { atlas } from '../../src/zones/adapters/atlas.js';
import { httpZones } from '../../src/zones/adapters/http.js';
import { hashZoneFile } from '../../src/zones/zonefile.js';
import { call, keyOf, memoryBitcoin, network, nodeOn, realBitcoin, registrar, rest, tipOf } from './kit.js';

const zoneFile = fromUtf8('$ORIGIN alice.id\n$TTL 3600\n_http._tcp\tIN\tURI\t10\t1\t"https://a.example/p.json"\n\n');
const second = fromUtf8('$ORIGIN alice.id\n$TTL 3600\n_http._tcp\tIN\tURI\t10\t1\t"https://b.example/p.json"\n\n');
const hash = hashZoneFile(zoneFile);

describe('a core node on a Bitcoin of real transactions', () => {
  test('tells a name, its namespace and its zone file, by XML-RPC and REST', async () => {
    const bitcoin = await memoryBitcoin();
    const node = await nodeOn(bitcoin);
    const names = registrar(bitcoin, [node]);
    await names.fund('alice');
    await names.openNamespace('id');
    const { txid, height } = await names.register('alice.id', 'alice', zoneFile);
    const update = await names.update('alice.id', 'alice', second);
    const owner = keyOf('alice').address;

    const { record } = (await call(node.url, 'get_name_blockchain_record', 'alice.id')) as {
      record: Record<string, unknown> & { history: Record<string, { opcode: string }[]> };
    };
    expect(record).toMatchObject({
      name: 'alice.id',
      address: owner,
      txid: update.txid,
      opcode: 'NAME_UPDATE',
      op: '+',
      value_hash: toHex(hashZoneFile(second)),
      first_registered: height,
      expired: false,
    });
    expect(
      Object.values(record.history)
        .flat()
        .map(({ opcode }) => opcode),
    ).toEqual(['NAME_PREORDER', 'NAME_REGISTRATION', 'NAME_UPDATE']);
    expect(await call(node.url, 'get_name_at', 'alice.id', height)).toMatchObject({ records: [{ txid, opcode: 'NAME_REGISTRATION' }] });
    expect(await call(node.url, 'get_name_history_page', 'alice.id', 0)).toMatchObject({ history: record.history });
    expect(await call(node.url, 'get_name_history_page', 'alice.id', 1)).toMatchObject({ history: {} });
    expect(await call(node.url, 'get_transaction_status', txid)).toMatchObject({ tx: { status: 'accepted', block_height: height, op: 'NAME_REGISTRATION' } });
    expect(await call(node.url, 'get_transaction_status', '00'.repeat(32))).toMatchObject({ tx: { status: 'ignored' } });
    expect(await call(node.url, 'get_names_owned_by_address', owner)).toMatchObject({ names: ['alice.id'] });
    expect(await call(node.url, 'get_historic_names_by_address', owner, 0, 10)).toMatchObject({
      names: [
        { name: 'alice.id', block_id: height },
        { name: 'alice.id', block_id: update.height },
      ],
    });
    expect(await call(node.url, 'get_all_names', 0, 100)).toMatchObject({ names: ['alice.id', 'imported.id'] });
    expect(await call(node.url, 'get_names_in_namespace', 'id', 1, 1)).toMatchObject({ names: ['imported.id'] });
    expect(await call(node.url, 'get_num_names')).toMatchObject({ count: 2 });
    expect(await call(node.url, 'get_all_namespaces')).toMatchObject({ namespaces: ['id'] });
    expect(await call(node.url, 'get_namespace_blockchain_record', 'id')).toMatchObject({
      record: { ready: true, buckets: '[6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]', lifetime: 52_595 },
    });
    expect(await call(node.url, 'get_name_cost', 'alice.id')).toMatchObject({ amount: 40_000, units: 'BTC' });
    expect(await call(node.url, 'get_namespace_cost', 'longer')).toMatchObject({ amount: 40_000_000, units: 'BTC' });
    expect(await call(node.url, 'is_name_zonefile_hash', 'alice.id', toHex(hash))).toMatchObject({ result: true });
    const { did } = (await call(node.url, 'get_name_DID', 'alice.id')) as { did: string };
    expect(did).toBe(`did:stack:v0:${owner}-0`);
    expect(await call(node.url, 'get_DID_record', did)).toMatchObject({ record: { name: 'alice.id' } });
    // The fee of an imported name is a float in every record, which only the text shows.
    expect(await callJsonText(http(), node.url, 'get_name_blockchain_record', ['imported.id'])).toMatch(/"history": .*"op_fee": 2500\.0/);

    expect(await rest(node.url, '/v1/names/alice.id')).toMatchObject({
      status: 200,
      body: { status: 'registered', address: owner, zonefile: null, zonefile_hash: toHex(hashZoneFile(second)), last_txid: update.txid, blockchain: 'bitcoin' },
    });
    expect(await rest(node.url, '/v1/names/nobody.id')).toMatchObject({ status: 404, body: { status: 'available' } });
    expect(await rest(node.url, '/v1/names/NOT%20A%20NAME')).toMatchObject({ status: 400 });
    expect(await rest(node.url, '/v1/names')).toMatchObject({ body: ['alice.id', 'imported.id'] });
    expect(await rest(node.url, '/v1/names?page=7')).toMatchObject({ body: [] });
    expect(await rest(node.url, '/v1/names/alice.id/history')).toMatchObject({ body: record.history });
    expect(await rest(node.url, `/v1/addresses/bitcoin/${owner}`)).toMatchObject({ body: { names: ['alice.id'] } });
    expect(await rest(node.url, '/v1/namespaces')).toMatchObject({ body: ['id'] });
    expect(await rest(node.url, '/v1/namespaces/id/names')).toMatchObject({ body: ['alice.id', 'imported.id'] });
    expect(await rest(node.url, '/v1/namespaces/none')).toMatchObject({ status: 404 });
    expect(await rest(node.url, '/v1/prices/names/alice.id')).toMatchObject({ body: { name_price: { units: 'BTC', amount: '40000', satoshis: 40_000 } } });
    expect(await rest(node.url, '/v2/prices/namespaces/longer')).toMatchObject({ body: { units: 'BTC', amount: '40000000', satoshis: 40_000_000 } });
    expect(await rest(node.url, `/v1/blockchains/bitcoin/operations/${height}`)).toMatchObject({ body: [{ txid }] });
    const consensus = node.consensusHashAt(height);
    expect(await rest(node.url, `/v1/blockchains/bitcoin/consensus/${height}`)).toMatchObject({ body: { consensus_hash: consensus } });
    expect(await rest(node.url, `/v1/blockchains/bitcoin/consensus-block/${consensus}`)).toMatchObject({ body: { block_height: height } });
    expect(await call(node.url, 'get_block_from_consensus', consensus ?? '')).toMatchObject({ block_id: height });
    expect(await rest(node.url, '/v1/ping')).toMatchObject({ body: { status: 'alive' } });
    expect(await rest(node.url, '/v1/nowhere')).toMatchObject({ status: 404 });
  }, 60_000);

  test('tells operations that hash to its operations hashes, and those to its consensus hashes', async () => {
    const bitcoin = await memoryBitcoin();
    const node = await nodeOn(bitcoin);
    const names = registrar(bitcoin, [node]);
    await names.fund('alice');
    await names.openNamespace('id');
    await names.register('alice.id', 'alice', zoneFile);
    const source = indexer({ url: node.url });
    const { height: tip, consensusHash: last } = await source.tip();
    const heights = Array.from({ length: tip - network.firstBlock + 1 }, (_, at) => network.firstBlock + at);
    const consensus = new Map((await source.consensusHashes(heights)).map((value, at) => [heights[at], value]));
    const told = await source.operationsHashes(heights);
    for (const [at, height] of heights.entries()) {
      const operations = await source.operations(height);
      expect(operationsHash(operations.map(serializeOperation))).toBe(told[at]);
      expect(
        consensusHash(
          told[at] ?? '',
          skipHeights(height, network.firstBlock).map((earlier) => consensus.get(earlier) ?? ''),
        ),
      ).toBe(consensus.get(height));
    }
    expect(consensus.get(tip)).toBe(last);
    expect(await source.nameRecord('nobody.id')).toBeNull();
    expect(await source.namespaceRecord('none')).toBeNull();
  }, 60_000);

  test('goes with its Bitcoin through a reorganisation, as one that never saw the other branch', async () => {
    const bitcoin = await memoryBitcoin();
    const node = await nodeOn(bitcoin);
    const names = registrar(bitcoin, [node]);
    await names.fund('alice');
    await names.openNamespace('id');
    await names.register('alice.id', 'alice', zoneFile);
    const before = node.consensusHashAt(node.height() ?? 0);
    await bitcoin.reorg(3);
    await names.settle();
    expect(await call(node.url, 'get_name_record', 'alice.id')).toMatchObject({ http_status: 404 });
    expect(await call(node.url, 'get_zonefiles_by_block', 0, 1_000_000, 0, 100)).toMatchObject({ zonefile_info: [{ name: 'imported.id' }] });
    const fresh = await nodeOn(bitcoin);
    await fresh.waitForHeight(await tipOf(bitcoin));
    expect(fresh.consensusHashAt(fresh.height() ?? 0)).toBe(node.consensusHashAt(node.height() ?? 0));
    expect(before).not.toBe(node.consensusHashAt(node.height() ?? 0));
    // The transactions wait in the mempool and are mined again.
    await bitcoin.mine(1);
    await names.settle();
    expect(node.height()).toBe(await tipOf(bitcoin));
  }, 60_000);

  test('with a directory goes on where it stood, and unwinds what left the chain while it was away', async () => {
    const bitcoin = await memoryBitcoin();
    const directory = await mkdtemp(join(tmpdir(), 'namestead-node-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const node = await nodeOn(bitcoin, { directory });
    const names = registrar(bitcoin, [node]);
    await names.fund('alice');
    await names.openNamespace('id');
    const { txid } = await names.register('alice.id', 'alice', zoneFile);
    const [height, hash] = [node.height(), node.consensusHashAt(node.height() ?? 0)];
    await node.close();

    // No bitcoind answers: all it tells is what it kept.
    const alone = await startNode({ bitcoin: { url: 'http://127.0.0.1:9' }, network, directory });
    onTestFinished(() => alone.close());
    expect([alone.height(), alone.consensusHashAt(height ?? 0)]).toEqual([height, hash]);
    expect(await call(alone.url, 'get_name_record', 'alice.id')).toMatchObject({ record: { name: 'alice.id' } });
    expect(await call(alone.url, 'get_transaction_status', txid)).toMatchObject({ tx: { status: 'accepted', op: 'NAME_REGISTRATION', block_height: height } });
    expect(await call(alone.url, 'get_names_in_namespace', 'id', 0, 10)).toMatchObject({ names: ['alice.id', 'imported.id'] });
    expect(await rest(alone.url, `/v1/addresses/bitcoin/${keyOf('alice').address}`)).toMatchObject({ body: { names: ['alice.id'] } });
    await alone.close();

    await bitcoin.reorg(3);
    const again = await nodeOn(bitcoin, { directory });
    await again.waitForHeight(await tipOf(bitcoin));
    await expect.poll(() => call(again.url, 'get_name_record', 'alice.id')).toMatchObject({ http_status: 404 });
    const fresh = await nodeOn(bitcoin);
    await fresh.waitForHeight(await tipOf(bitcoin));
    expect(again.consensusHashAt(again.height() ?? 0)).toBe(fresh.consensusHashAt(fresh.height() ?? 0));
  }, 60_000);

  test('tells accounts by XML-RPC and REST, and why an operation was refused', async () => {
    const bitcoin = await memoryBitcoin();
    const rich = keyOf('rich').address;
    const node = await nodeOn(bitcoin, {
      network: { ...network, genesisBalances: { [rich]: { amount: '12', lockedUntil: 7 } }, vesting: { 205: { [rich]: '5' } } },
    });
    await bitcoin.mine(10);
    await node.waitForHeight(await tipOf(bitcoin));
    const row = { address: rich, type: 'STACKS', credit_value: '17', debit_value: '0', lock_transfer_block_id: 7, block_id: 205, vtxindex: 0, txid: '' };
    expect(await call(node.url, 'get_account_tokens', rich)).toMatchObject({ token_types: ['STACKS'] });
    expect(await call(node.url, 'get_account_balance', rich, 'STACKS')).toMatchObject({ balance: '17' });
    expect(await call(node.url, 'get_account_record', rich, 'STACKS')).toMatchObject({ account: row });
    expect(await call(node.url, 'get_account_history', rich, 0)).toMatchObject({ history: [row] });
    expect(await call(node.url, 'get_account_at', rich, 204)).toMatchObject({ history: [] });
    expect(await call(node.url, 'get_account_record', keyOf('poor').address, 'STACKS')).toMatchObject({ http_status: 404 });
    expect(await rest(node.url, `/v1/accounts/${rich}/STACKS/balance`)).toMatchObject({ status: 200, body: { balance: '17' } });
    expect(await rest(node.url, `/v1/accounts/${rich}/history`)).toMatchObject({ body: [row] });
    const names = registrar(bitcoin, [node]);
    await names.fund();
    const refused = await names.send(readyNamespace('none', network));
    expect(await call(node.url, 'get_transaction_status', refused.txid)).toMatchObject({
      tx: { status: 'rejected', op: 'NAMESPACE_READY', reason: 'the namespace is not revealed, or ready already' },
    });
  }, 60_000);

  test('folds a block only when it lies as deep as the network asks', async () => {
    const bitcoin = await memoryBitcoin();
    await bitcoin.mine(8);
    const node = await nodeOn(bitcoin, { network: { ...network, confirmations: 6 } });
    const tip = await tipOf(bitcoin);
    await node.waitForHeight(tip - 5);
    expect(node.height()).toBe(tip - 5);
    await bitcoin.mine(1);
    await node.waitForHeight(tip - 4);
    expect(node.height()).toBe(tip - 4);
  }, 30_000);

  test('outlives a bitcoind that fails, says that it is stale, and goes on', async () => {
    const bitcoin = await memoryBitcoin();
    const errors: unknown[] = [];
    const node = await nodeOn(bitcoin, { staleAfter: -1, onError: (error) => errors.push(error) });
    await node.waitForHeight(await tipOf(bitcoin));
    expect(await call(node.url, 'getinfo')).toMatchObject({ stale: true, warning: expect.any(String) as string });
    expect(await call(node.url, 'ping')).toMatchObject({ status: 'stale' });
    await bitcoin.close();
    await expect.poll(() => errors.length, { timeout: 5000 }).toBeGreaterThan(0);
    expect(await call(node.url, 'getinfo')).toMatchObject({ last_block_processed: node.height() });
    const waiting = node.waitForHeight(1_000_000, { signal: AbortSignal.timeout(50) });
    await expect(waiting).rejects.toMatchObject({ code: 'Aborted' });
  }, 30_000);

  test('ends what waits when it is closed, and frees its port', async () => {
    const bitcoin = await memoryBitcoin();
    const node = await nodeOn(bitcoin);
    const waiting = expect(node.waitForHeight(1_000_000)).rejects.toMatchObject({ code: 'Aborted' });
    await node.close();
    await waiting;
    const again = await nodeOn(bitcoin, { port: Number(new URL(node.url).port) });
    await expect(nodeOn(bitcoin, { port: Number(new URL(again.url).port) })).rejects.toMatchObject({ code: 'PortInUse' });
  }, 30_000);
});

const path = process.env['BITCOIND'];

test.skipIf(!path)(
  'a core node follows a real bitcoind as it follows the chain in memory',
  async () => {
    const bitcoin = await realBitcoin(path ?? '');
    const node = await nodeOn(bitcoin);
    const names = registrar(bitcoin, [node]);
    await names.fund('alice');
    await names.openNamespace('id');
    const { txid } = await names.register('alice.id', 'alice', zoneFile);
    expect(await call(node.url, 'get_name_record', 'alice.id')).toMatchObject({ record: { txid, address: keyOf('alice').address } });
    await bitcoin.reorg(2);
    await names.settle();
    expect(await call(node.url, 'get_name_record', 'alice.id')).toMatchObject({ http_status: 404 });
  },
  120_000,
);

describe('Atlas peers', () => {
  test('find at one what was pushed to the other, whichever it is, within two seconds', async () => {
    const bitcoin = await memoryBitcoin();
    const first = await nodeOn(bitcoin);
    const other = await nodeOn(bitcoin, { peers: [first.url] });
    const names = registrar(bitcoin, [first, other]);
    await names.fund('alice');
    await names.openNamespace('id');
    await names.register('alice.id', 'alice', zoneFile);
    await atlas({ url: first.url }).put(zoneFile);
    await expect.poll(() => atlas({ url: other.url }).get(hash), { timeout: 2000, interval: 50 }).toEqual(zoneFile);
    await names.update('alice.id', 'alice', second);
    await atlas({ url: other.url }).put(second);
    await expect.poll(() => httpZones({ url: first.url })(hashZoneFile(second)), { timeout: 2000, interval: 50 }).toEqual(second);
    expect(await call(first.url, 'get_atlas_peers')).toMatchObject({ peers: [new URL(other.url).host] });
    // Rows: imported.id, whose file nobody has; then both of alice.id.
    expect(await call(other.url, 'get_zonefile_inventory', 0, 524_288)).toMatchObject({ inv: toBase64(Uint8Array.of(0b0110_0000)) });
    expect(await call(other.url, 'get_zonefile_inventory', 5, 10)).toMatchObject({ inv: '' });
    expect(await call(other.url, 'getinfo')).toMatchObject({ zonefile_count: 4 });
    expect(await rest(first.url, `/v1/names/alice.id/zonefile/${toHex(hash)}`)).toMatchObject({
      status: 200,
      body: { zonefile: new TextDecoder().decode(zoneFile) },
    });
    expect(await rest(first.url, '/v1/names/alice.id/zonefile?raw=1')).toMatchObject({ status: 200, body: new TextDecoder().decode(second) });
    expect(await rest(first.url, '/v1/names/alice.id/zonefile/' + '00'.repeat(20))).toMatchObject({ status: 404 });
  }, 60_000);

  test('take only what the chain names, and keep it over a restart', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'namestead-node-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const bitcoin = await memoryBitcoin();
    const node = await nodeOn(bitcoin, { directory });
    const names = registrar(bitcoin, [node]);
    await names.fund('alice');
    await names.openNamespace('id');
    await names.register('alice.id', 'alice', zoneFile);
    expect(await call(node.url, 'put_zonefiles', [toBase64(zoneFile), toBase64(second)])).toMatchObject({ saved: [1, 0] });
    expect(await call(node.url, 'put_zonefiles', [toBase64(zoneFile)])).toMatchObject({ saved: [1] });
    expect(await readdir(directory)).toEqual([toHex(hash), 'names']);
    await node.close();
    await writeFile(join(directory, `${toHex(hash)}.0.part`), 'half');
    const again = await nodeOn(bitcoin, { directory });
    await again.waitForHeight(await tipOf(bitcoin));
    expect(await atlas({ url: again.url }).get(hash)).toEqual(zoneFile);
    expect(await readdir(directory)).toEqual([toHex(hash), 'names']);
    await writeFile(join(directory, toHex(hash)), 'rotten');
    expect(await atlas({ url: again.url }).get(hash)).toBeNull();
    expect(await readdir(directory)).toEqual(['names']);
    await atlas({ url: again.url }).put(zoneFile);
    expect(await atlas({ url: again.url }).get(hash)).toEqual(zoneFile);
  }, 60_000);
});
