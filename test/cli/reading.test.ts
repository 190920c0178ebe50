import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startDevnet, type Devnet } from '../../src/devnet/devnet.js';
import { seedName, type Seeded } from '../../src/devnet/seed.js';
import { headersRoot } from '../../src/names/bitcoin/headerProof.js';
import { anchorText, openShell, serversOf, type Shell } from './namestead.js';

// Each test starts several processes.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let devnet: Devnet;
let seeded: Seeded;
let shell: Shell;
let servers: readonly string[];
let anchor: string;
let cookie: string;

beforeAll(async () => {
  devnet = await startDevnet();
  shell = openShell();
  seeded = await seedName(devnet, 'alice.id');
  servers = serversOf(devnet);
  anchor = anchorText(await devnet.anchor());
  cookie = shell.write('cookie', `${devnet.bitcoin.user}:${devnet.bitcoin.password}\n`);
}, 60_000);

afterAll(async () => {
  shell.remove();
  await devnet.close();
});

const owner = (): unknown => expect.objectContaining({ name: 'alice.id', owner: seeded.owner });
const DEAD = 'http://127.0.0.1:1';

describe('resolve', () => {
  /** What each level needs besides the core node. */
  const levels = (): Readonly<Record<string, readonly string[]>> => {
    const { esplora, electrumTcp, bitcoin, atlas } = devnet.urls;
    const core = ['--bitcoind', bitcoin, '--cookie', cookie];
    const peer = ['--p2p', `${devnet.bitcoin.p2p.host}:${devnet.bitcoin.p2p.port}`];
    return {
      server: ['--esplora', esplora],
      quorum: ['--esplora', esplora, '--node', atlas[1]],
      snv: ['--electrum', electrumTcp, '--anchor', anchor],
      history: ['--esplora', esplora, '--electrum', electrumTcp, '--anchor', anchor],
      filters: [...core, ...peer, '--anchor', anchor],
      replay: [...core, ...peer],
    };
  };

  test.each(['server', 'quorum', 'snv', 'history', 'filters', 'replay'])('reaches %s with the sources it needs', async (level) => {
    const { urls } = devnet;
    const { code, told, err } = await shell.json(
      'resolve',
      'alice.id',
      '--network',
      'devnet',
      '--node',
      urls.node,
      '--level',
      level,
      ...(levels()[level] ?? []),
    );
    expect(code, err).toBe(0);
    expect(told).toMatchObject({ ok: true, record: owner(), evidence: { level }, profile: { name: 'alice' }, profileUrl: seeded.profileUrl });
  });

  test('takes snv from one source, and history from two, without being told', async () => {
    const two = ['--electrum', devnet.urls.electrumTcp];
    const [one, both] = await Promise.all([
      shell.json('resolve', 'alice.id', ...servers, '--anchor', anchor, '--no-profile'),
      shell.json('resolve', 'alice.id', ...servers, ...two, '--anchor', anchor),
    ]);
    expect(one.told).toMatchObject({ evidence: { level: 'snv' }, profile: null });
    expect(both.told).toMatchObject({ evidence: { level: 'history' } });
  });

  test('tells the record as it stood at a height', async () => {
    const height = Number(await devnet.bitcoin.rpc('getblockcount'));
    const at = (block: number): Promise<{ readonly told: unknown }> => shell.json('resolve', 'alice.id', ...servers, '--anchor', anchor, '--at', String(block));
    const [now, before] = await Promise.all([at(height), at(height - 4)]);
    expect(now.told).toMatchObject({ record: owner(), evidence: { asOf: { height } } });
    expect(before.told).toMatchObject({ ok: false, code: 'AbsenceNotProved' });
  });

  test('tells people who owns the name, what was checked and what not', async () => {
    const { code, out } = await shell.run(['resolve', 'alice.id', ...servers, '--anchor', anchor]);
    expect(code).toBe(0);
    expect(out).toContain(`alice.id belongs to ${seeded.owner}`);
    expect(out).toMatch(/ {4}checked: .*\n {4}not checked: /);
  });

  test('says that a name is proved to be nobody’s, or that its absence is not proved', async () => {
    const [replayed, asked] = await Promise.all([
      shell.json(
        'resolve',
        'nobody.id',
        '--network',
        'devnet',
        '--bitcoind',
        devnet.urls.bitcoin,
        '--cookie',
        cookie,
        '--node',
        devnet.urls.node,
        '--level',
        'replay',
      ),
      shell.json('resolve', 'nobody.id', ...servers, '--anchor', anchor),
    ]);
    expect(replayed).toMatchObject({ code: 1, told: { ok: false, code: 'NotFound' } });
    expect(asked).toMatchObject({ code: 1, told: { ok: false, code: 'AbsenceNotProved' } });
  });

  test.each<[string, readonly string[], RegExp]>([
    ['one operator for history', ['--level', 'history'], /histories of 2 operators/],
    ['one node for a quorum', ['--level', 'quorum'], /2 nodes must agree/],
    ['a level that is none', ['--level', 'sure'], /--level/],
    ['a server named twice', ['--esplora', 'URL'], /twice/],
    ['a height above the tip', ['--at', '90000'], /height/],
    ['an electrum that is http', ['--electrum', 'http://127.0.0.1:1'], /--electrum/],
  ])('with %s ends with 2, in one line', async (_, more, what) => {
    const args = ['resolve', 'alice.id', ...servers, '--anchor', anchor, ...more.map((text) => (text === 'URL' ? devnet.urls.esplora : text))];
    const { code, out, err } = await shell.run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(what);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('names price and check', () => {
  test('price names, one or many, and a namespace', async () => {
    const [one, many, namespace, people] = await Promise.all([
      shell.json('names', 'price', 'bob.id', ...servers),
      shell.json(
        'names',
        'price',
        'bob.id',
        'carolina.id',
        '--network',
        'devnet',
        '--node',
        devnet.urls.node,
        '--anchor',
        anchor,
        '--esplora',
        devnet.urls.esplora,
      ),
      shell.json('namespace', 'price', 'club', 'abcdefgh', ...servers),
      shell.run(['names', 'price', 'bob.id', ...servers]),
    ]);
    expect(one).toMatchObject({ code: 0, told: { ok: true, prices: [{ name: 'bob.id', price: 640_000 }], total: 640_000 } });
    expect(many).toMatchObject({ code: 0, told: { total: 642_500, prices: [{}, { name: 'carolina.id', price: 2500 }] } });
    expect(namespace).toMatchObject({ code: 0, told: { prices: [{ price: 40_000_000, tokens: null }, { price: 4_000_000 }] } });
    expect(people.out).toMatch(/^bob\.id {2}640000 sat {2}to 1{21}4oLvT2\n$/);
  });

  test('check tells what can be had, with 1 when something cannot', async () => {
    const [free, taken, namespace] = await Promise.all([
      shell.json('names', 'check', 'bob.id', ...servers),
      shell.json('names', 'check', 'alice.id', 'bob.id', 'x.zzz', ...servers),
      shell.json('namespace', 'check', 'id', 'club', ...servers),
    ]);
    expect(free).toMatchObject({ code: 0, told: { ok: true, names: [{ name: 'bob.id', available: true, price: 640_000 }] } });
    expect(taken).toMatchObject({
      code: 1,
      told: { ok: false, names: [{ available: false, owner: seeded.owner }, { available: true }, { available: false, owner: null }] },
    });
    expect(namespace).toMatchObject({ code: 1, told: { ok: false, namespaces: [{ state: 'ready' }, { state: 'free', available: true }] } });
  });

  test('need a node that answers, and names that are names', async () => {
    const [dead, none, bad] = await Promise.all([
      shell.json('names', 'price', 'bob.id', '--network', 'devnet', '--node', DEAD),
      shell.json('names', 'check', 'bob.id', '--network', 'devnet'),
      shell.json('names', 'price', 'Bob.id', ...servers),
    ]);
    expect(dead).toMatchObject({ code: 1, told: { ok: false, code: 'HttpFailed' } });
    expect(none).toMatchObject({ code: 2, told: { ok: false, error: expect.stringContaining('--node') as string } });
    expect(bad).toMatchObject({ code: 2, told: { ok: false } });
  });
});

describe('headers sync, names prove and names verify', () => {
  test('headers are kept, and gone on with; a proof is checked against them offline', async () => {
    const [headers, out] = [join(shell.home, 'headers'), join(shell.home, 'alice.proof')];
    const first = await shell.json('headers', 'sync', '--network', 'devnet', '--esplora', devnet.urls.esplora, '--headers', headers);
    expect(first, first.err).toMatchObject({ code: 0, told: { ok: true, from: 0, tip: { height: await devnet.bitcoin.rpc('getblockcount') } } });
    expect(first.told['added']).toBeGreaterThan(200);
    const [again, proof] = await Promise.all([
      shell.json('headers', 'sync', '--network', 'devnet', '--electrum', devnet.urls.electrumTcp, '--headers', headers, '--anchor', anchor),
      shell.json('names', 'prove', 'alice.id', ...servers, '--anchor', anchor, '--out', out),
    ]);
    expect(again).toMatchObject({ code: 0, told: { added: 0, disagreed: [] } });
    expect(proof).toMatchObject({ code: 0, told: { ok: true, file: out, record: owner() } });
    expect(proof.told['bytes']).toBe(readFileSync(out).length);

    const bytes = readFileSync(out);
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
    writeFileSync(`${out}.bad`, bytes);
    const offline = ['--network', 'devnet', '--anchor', anchor];
    const [good, people, forged, old, none] = await Promise.all([
      shell.json('names', 'verify', out, ...offline, '--headers', headers),
      shell.run(['names', 'verify', out, ...offline, '--headers', headers]),
      shell.json('names', 'verify', `${out}.bad`, ...offline, '--headers', headers),
      shell.json('names', 'verify', out, ...offline, '--headers', headers, '--max-age', 'soon'),
      shell.json('names', 'verify', out, ...offline),
    ]);
    expect(good).toMatchObject({
      code: 0,
      told: { ok: true, record: owner(), evidence: { level: 'snv', operators: [] }, zoneFile: expect.stringContaining(seeded.profileUrl) as string },
    });
    expect(people.out).toMatch(/not covered: blocks from \d+ on/);
    expect(forged).toMatchObject({ code: 1, told: { ok: false, code: 'ZoneFileMismatch' } });
    expect(old).toMatchObject({ code: 2, told: { error: expect.stringContaining('--max-age') as string } });
    expect(none).toMatchObject({ code: 2, told: { error: expect.stringContaining('--headers') as string } });
  });

  test('a proof for those who have no headers is checked against a root', async () => {
    const { height } = await devnet.anchor();
    const hashes = await Promise.all(Array.from({ length: height + 1 }, (_, at) => devnet.bitcoin.rpc('getblockhash', [at]) as Promise<string>));
    const root = ['--root', `${height}:${headersRoot(hashes)}`];
    const out = join(shell.home, 'rooted.proof');
    const proof = await shell.json('names', 'prove', 'alice.id', ...servers, '--electrum', devnet.urls.electrumTcp, '--anchor', anchor, '--out', out, ...root);
    expect(proof, proof.err).toMatchObject({ code: 0 });
    const [good, other] = await Promise.all([
      shell.json('names', 'verify', out, '--network', 'devnet', '--anchor', anchor, ...root),
      shell.json('names', 'verify', out, '--network', 'devnet', '--anchor', anchor, '--root', `${height}:${'00'.repeat(32)}`),
    ]);
    expect(good, good.err).toMatchObject({ code: 0, told: { record: owner() } });
    expect(other).toMatchObject({ code: 1, told: { code: 'MerkleMismatch' } });
  });

  test('where headers are to be kept is said on chains that come and go', async () => {
    expect(await shell.json('headers', 'sync', ...servers.slice(0, 4))).toMatchObject({
      code: 2,
      told: { error: expect.stringContaining('--headers') as string },
    });
  });
});

describe('Ctrl-C', () => {
  test('ends a command that asks with 130, in one line', async () => {
    let ask: () => void = () => undefined;
    const silent = createServer(() => ask());
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const ended = shell.run(['names', 'price', 'bob.id', '--network', 'devnet', '--node', url, '--json'], {
      started: (child) => (ask = () => void child.kill('SIGINT')),
    });
    const { code, out, err } = await ended;
    silent.closeAllConnections();
    await new Promise((done) => silent.close(done));
    expect({ code, err }).toEqual({ code: 130, err: 'namestead: interrupted.\n' });
    expect(JSON.parse(out)).toEqual({ ok: false, code: 'Aborted', error: 'interrupted.' });
  });

  test('ends a core node with 0', async () => {
    const { bitcoin } = devnet.urls;
    const directory = join(shell.home, 'node');
    let url = '';
    const { code, err } = await shell.run(['node', '--network', 'devnet', '--bitcoind', bitcoin, '--cookie', cookie, '--directory', directory, '--json'], {
      started: (child) =>
        child.stdout?.on('data', (text: string) => {
          ({ url } = JSON.parse(text) as { url: string });
          child.kill('SIGINT');
        }),
    });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(readdirSync(directory)).toContain('names');
  });
});

describe('a configuration', () => {
  test('gives what the command line leaves out, and is refused where it is none', async () => {
    const { esplora, node } = devnet.urls;
    const good = shell.write('good.json', JSON.stringify({ network: 'devnet', esplora: [esplora], node: [node], anchor, journal: 'unused' }));
    const bad = shell.write('bad.json', JSON.stringify({ network: 'devnet', esplorer: [esplora] }));
    const odd = shell.write('odd.json', JSON.stringify({ node }));
    const [found, unknown, wrong] = await Promise.all([
      shell.json('resolve', 'alice.id', '--config', good),
      shell.json('resolve', 'alice.id', '--config', bad),
      shell.json('resolve', 'alice.id', '--config', odd),
    ]);
    expect(found).toMatchObject({ code: 0, told: { record: owner() } });
    expect(unknown).toMatchObject({ code: 2, told: { error: expect.stringContaining('esplorer') as string } });
    expect(wrong).toMatchObject({ code: 2, told: { error: expect.stringContaining('list of strings') as string } });
  });

  test('a network of one’s own comes from a file', async () => {
    const { name: _, bitcoin, epochs, ...rest } = devnet.network;
    const own = { ...rest, name: 'club', epochs: epochs.map(({ number }) => ({ number, endBlock: null })), bitcoin: bitcoin.name };
    const [good, bad] = [shell.write('club.json', JSON.stringify(own)), shell.write('bad-club.json', JSON.stringify({ ...own, firstBlock: 0 }))];
    const [found, wrong] = await Promise.all([
      shell.json('resolve', 'alice.id', ...servers.slice(2), '--network', good, '--anchor', anchor),
      shell.json('resolve', 'alice.id', ...servers.slice(2), '--network', bad, '--anchor', anchor),
    ]);
    expect(found, found.err).toMatchObject({ code: 0, told: { record: owner() } });
    expect(wrong).toMatchObject({ code: 2, told: { error: expect.stringContaining('firstBlock') as string } });
  });
});
