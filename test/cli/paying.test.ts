import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startDevnet, type Devnet } from '../../src/devnet/devnet.js';
import { mineWhenNeeded } from '../../src/devnet/miner.js';
import { namespaceRules, seedName, type Seeded } from '../../src/devnet/seed.js';
import { generateWords } from '../../src/wallet/mnemonic.js';
import { openWallet, type Wallet } from '../../src/wallet/wallet.js';
import { anchorText, openShell, serversOf, type Exit, type Shell } from './namestead.js';

// Each test starts several processes.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let devnet: Devnet;
let shell: Shell;
let seeded: Seeded;
let wallet: Wallet;
let me: string;
/** Servers and keys. */
let paying: readonly string[];

const profile = ['--profile-url', 'https://example.com/{owner}/{name}.json'];
const ELSEWHERE = '1BoatSLRHtKNngkdXEeobR76b53LETtpyT';

beforeAll(async () => {
  devnet = await startDevnet();
  shell = openShell();
  seeded = await seedName(devnet, 'alice.id');
  const words = generateWords();
  wallet = await openWallet(words);
  me = (await wallet.identity(0)).address;
  for (const index of [0, 1]) await devnet.fund((await wallet.payment(index)).script, 100_000_000n);
  paying = [...serversOf(devnet), '--words-file', shell.write('words', `${words}\n`)];
}, 60_000);

afterAll(async () => {
  shell.remove();
  await devnet.close();
});

/** Mines while it runs. */
async function mining<T>(work: () => Promise<T>): Promise<T> {
  const stop = mineWhenNeeded(devnet, 30);
  try {
    return await work();
  } finally {
    await stop();
  }
}

const mempool = (): Promise<unknown> => devnet.bitcoin.rpc('getrawmempool', []);
const receipt = (operation: string): unknown => expect.objectContaining({ operation, fee: expect.any(Number) as number });
const ofName = async (name: string): Promise<unknown> => {
  const { told } = await shell.json('names', 'check', name, ...serversOf(devnet));
  return (told['names'] as readonly { readonly owner: unknown }[])[0]?.owner;
};

describe('a dry run', () => {
  test('tells what a name costs and each check, and neither signs nor sends', async () => {
    const [one, taken, people] = await Promise.all([
      shell.json('names', 'register', 'bob.id', 'carolina.id', ...profile, ...paying, '--dry-run'),
      shell.json('names', 'register', 'alice.id', ...profile, ...paying, '--dry-run'),
      shell.run(['names', 'register', 'bob.id', ...profile, ...paying, '--dry-run', '--max-price', '1000', '--fee-rate', '2.5']),
    ]);
    expect(one).toMatchObject({
      code: 0,
      told: { ok: true, dryRun: true, owner: me, payer: { satoshi: 100_000_000 }, runs: [{ price: 640_000 }, { price: 2500, ok: true }] },
    });
    expect(one.told['total']).toBeGreaterThan(642_500);
    expect(taken).toMatchObject({
      code: 1,
      told: { ok: false, runs: [{ ok: false, checks: expect.arrayContaining([expect.objectContaining({ check: 'name available', ok: false })]) as unknown }] },
    });
    expect(people.code).toBe(1);
    expect(people.out).toMatch(/ {2}NO {2}price paid +bob\.id costs 640000 satoshi, more than the 1000 allowed/);
    expect(people.out).toMatch(/ {2}ok {2}funds suffice/);
    expect(people.out).toContain('at 2.5 sat/vB');
    expect(await mempool()).toEqual([]);
    expect(existsSync(join(shell.home, 'journal'))).toBe(false);
  });

  test('is there for every change', async () => {
    const rules = shell.write('rules.json', JSON.stringify(namespaceRules));
    const answers = await Promise.all([
      shell.json('names', 'update', 'alice.id', ...profile, ...paying, '--dry-run'),
      shell.json('names', 'transfer', 'alice.id', '--to', ELSEWHERE, ...paying, '--dry-run'),
      shell.json('names', 'renew', 'alice.id', ...paying, '--dry-run'),
      shell.json('names', 'revoke', 'alice.id', ...paying, '--dry-run'),
      shell.json('names', 'import', 'x.id', '--owner', ELSEWHERE, ...profile, ...paying, '--dry-run'),
    ]);
    const refused = { ok: false, check: expect.stringMatching(/owner is sender|namespace open for imports/) as string };
    for (const { code, told } of answers) {
      expect(code).toBe(1);
      expect(told).toMatchObject({ ok: false, runs: [{ checks: expect.arrayContaining([expect.objectContaining(refused)]) as unknown }] });
    }
    const open = await shell.json('namespace', 'open', 'clubspace', '--rules', rules, ...paying, '--dry-run');
    expect(open).toMatchObject({ code: 0, told: { ok: true, runs: [{ price: 4_000_000, transactions: [{}, {}, {}] }] } });
    expect(await mempool()).toEqual([]);
  });
});

describe('names register', () => {
  test('interrupted between preorder and registration ends with 130 and says how to go on; the same command finishes, and pays nothing twice', async () => {
    const args = ['names', 'register', 'bob.id', ...profile, ...paying];
    const interrupted = await shell.run([...args, '--json'], {
      see: (line, child) => {
        if (line.includes('NAME_PREORDER sent')) child.kill('SIGINT');
      },
    });
    expect(interrupted.code, interrupted.err).toBe(130);
    expect(JSON.parse(interrupted.out)).toMatchObject({ ok: false, code: 'Aborted', error: expect.stringContaining('Nothing is lost') as string });
    expect(await mempool()).toHaveLength(1);
    const waiting = await shell.json('names', 'status', 'bob.id', ...serversOf(devnet).slice(0, 4));
    expect(waiting).toMatchObject({
      code: 0,
      told: { plans: [{ kind: 'register', stage: 'sent', place: { confirmations: 0 }, waiting: { operation: 'NAME_PREORDER' } }] },
    });

    const finished = await mining(() => shell.json(...args));
    expect(finished, finished.err).toMatchObject({
      code: 0,
      told: { ok: true, names: [{ name: 'bob.id', ok: true, owner: me, receipts: [receipt('NAME_PREORDER'), receipt('NAME_REGISTRATION')] }] },
    });
    expect(finished.told).toMatchObject({
      names: [{ receipts: [{ txid: (waiting.told['plans'] as readonly { readonly waiting: { readonly txid: string } }[])[0]?.waiting.txid }, {}] }],
    });
    const [again, status, resolved] = await Promise.all([
      shell.json(...args),
      shell.run(['names', 'status']),
      shell.json('resolve', 'bob.id', ...serversOf(devnet), '--anchor', anchorText(await devnet.anchor()), '--no-profile'),
    ]);
    expect(again.told).toEqual(finished.told);
    expect(status.out).toMatch(/^register bob\.id \(devnet\): done\n {2}NAME_PREORDER /);
    expect(resolved.told).toMatchObject({ record: { owner: me }, zoneFile: expect.stringContaining(`https://example.com/${me}/bob.id.json`) as string });
    expect(await mempool()).toEqual([]);
  });

  test('buys many at once, spread over identities; what fails is told and costs the others nothing', async () => {
    const zoneFile = shell.write('carolina.id.txt', '$ORIGIN carolina.id\n_http._tcp URI 10 1 "https://example.com/c"\n');
    shell.write('dagobert.id.txt', '$ORIGIN dagobert.id\n');
    shell.write('alice.id.txt', '$ORIGIN alice.id\n');
    const names = ['carolina.id', 'alice.id', 'dagobert.id'];
    const { code, told, err } = await mining(() =>
      shell.json('names', 'register', ...names, '--zone-file', zoneFile.replace('carolina.id', '{name}'), '--per-owner', '2', ...paying),
    );
    expect(code, err).toBe(1);
    const other = (await wallet.identity(1)).address;
    expect(told).toMatchObject({
      ok: false,
      code: 'NameTaken',
      names: [
        { name: 'carolina.id', ok: true, owner: me },
        { name: 'alice.id', ok: false, code: 'NameTaken' },
        { name: 'dagobert.id', ok: true, owner: other },
      ],
    });
    expect(await Promise.all(['carolina.id', 'dagobert.id'].map(ofName))).toEqual([me, other]);
    expect(err).toMatch(/^dagobert\.id: NAME_REGISTRATION confirmed at block \d+, fee \d+ sat, [0-9a-f]{64}$/m);
  });

  test('takes price and consensus hash proved, where a fresh anchor is given', async () => {
    const anchor = anchorText(await devnet.anchor());
    const { code, told, err } = await mining(() => shell.json('names', 'register', 'emmeline.id', ...profile, ...paying, '--anchor', anchor));
    expect(code, err).toBe(0);
    expect(told).toMatchObject({ names: [{ name: 'emmeline.id', owner: me }] });
  });

  test.each<[string, readonly string[], RegExp]>([
    ['no keys', ['bob.id', ...profile, '--network', 'devnet', '--esplora', 'http://127.0.0.1:1', '--node', 'http://127.0.0.1:1'], /--words-file/],
    ['no zone file', ['bob.id'], /--zone-file/],
    ['a zone file that is not there', ['bob.id', '--zone-file', '/nonexistent'], /\/nonexistent cannot be read/],
    ['a name that is none', ['bob', ...profile], /not a name/],
    ['a name given twice', ['fred.id', 'fred.id', ...profile], /twice/],
    ['a fee rate that is none', ['bob.id', ...profile, '--fee-rate', 'much'], /--fee-rate/],
    ['another zone file than the journal holds', ['bob.id', '--profile-url', 'https://example.org/'], /under way with another zoneFile/],
  ])('with %s ends with 2, in one line, and pays nothing', async (title, args, what) => {
    const { code, out, err } = await shell.run(['names', 'register', ...args, ...(title === 'no keys' ? [] : paying)]);
    expect({ code, out }, err).toEqual({ code: 2, out: '' });
    expect(err).toMatch(what);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(await mempool()).toEqual([]);
  });

  test('with servers that cannot be reached ends with 1 and the code', async () => {
    const dead = paying.map((text) => (text.startsWith('http:') ? 'http://127.0.0.1:1' : text));
    const [register, status] = await Promise.all([
      shell.json('names', 'register', 'fred.id', ...profile, ...dead),
      shell.run(['names', 'status', 'nobody.id']),
    ]);
    expect(register).toMatchObject({ code: 1, told: { ok: false, code: 'HttpFailed' } });
    expect(status).toMatchObject({ code: 1, err: expect.stringContaining('NotFound') as string });
  });
});

describe('names bump', () => {
  test('raises the fee of what waits; a command that runs meanwhile goes on with it', async () => {
    const args = ['names', 'register', 'gregory.id', ...profile, ...paying];
    let sent: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => (sent = resolve));
    const running = shell.run(args, { see: (line) => line.includes('NAME_PREORDER sent') && sent() });
    await waits;
    const before = await mempool();
    const [low, bumped] = [
      await shell.json('names', 'bump', 'gregory.id', '--fee-rate', '1', ...paying),
      await shell.json('names', 'bump', 'gregory.id', '--fee-rate', '20', ...paying),
    ];
    expect(low).toMatchObject({ code: 2, told: { ok: false, error: expect.stringContaining('no bump') as string } });
    expect(bumped, bumped.err).toMatchObject({ code: 0, told: { ok: true, name: 'gregory.id', operation: 'NAME_PREORDER' } });
    expect(before).toEqual([bumped.told['replaced']]);
    expect(await mempool()).toEqual([bumped.told['txid']]);
    const { code, err } = await mining(() => running);
    expect(code, err).toBe(0);
    expect(await ofName('gregory.id')).toBe(me);
    expect(await shell.json('names', 'bump', 'gregory.id', '--fee-rate', '30', ...paying)).toMatchObject({ code: 1, told: { code: 'NotFound' } });
  });
});

describe('a name that is owned', () => {
  test('is updated, renewed, transferred and revoked', async () => {
    const owner = ['--words-file', shell.write('alice', seeded.words), ...serversOf(devnet)];
    const told = await mining(async () => [
      await shell.json('names', 'update', 'alice.id', ...profile, ...owner),
      await shell.json('names', 'update', 'alice.id', ...profile, ...owner),
      await shell.json('names', 'renew', 'alice.id', ...owner),
      await shell.json('names', 'transfer', 'alice.id', '--to', me, '--drop-zone-file', ...owner),
      await shell.json('names', 'revoke', 'alice.id', '--yes', ...paying),
    ]);
    const operations = [['NAME_UPDATE'], [], ['NAME_RENEWAL'], ['NAME_TRANSFER'], ['NAME_REVOKE']];
    told.forEach(({ code, told: answer, err }, at) => {
      expect(code, err).toBe(0);
      expect(answer).toMatchObject({ ok: true, name: 'alice.id', receipts: operations[at]?.map(receipt) });
    });
    expect(await ofName('alice.id')).toBe(me);
    const [unsure, another] = await Promise.all([shell.json('names', 'revoke', 'bob.id', ...paying), shell.json('names', 'renew', 'bob.id', ...owner)]);
    expect(unsure).toMatchObject({ code: 2, told: { error: expect.stringContaining('--yes') as string } });
    expect(another).toMatchObject({ code: 1, told: { code: 'NameNotOwned' } });
  });
});

describe('a namespace', () => {
  test('is preordered, revealed, filled with imports and made ready, each by its command', async () => {
    const rules = ['--rules', shell.write('rules.json', JSON.stringify(namespaceRules))];
    const told = await mining(async () => [
      await shell.json('namespace', 'preorder', 'clubspace', ...rules, ...paying),
      await shell.json('namespace', 'reveal', 'clubspace', ...rules, ...paying),
      await shell.json('names', 'import', 'a.clubspace', 'b.clubspace', 'c.clubspace', '--owner', ELSEWHERE, ...profile, ...paying, '--payer-index', '1'),
      await shell.json('namespace', 'ready', 'clubspace', ...rules, ...paying),
    ]);
    for (const { code, err } of told) expect(code, err).toBe(0);
    const [preorder, reveal, imports, ready] = told.map((each) => each.told);
    expect(preorder).toMatchObject({ receipts: [receipt('NAMESPACE_PREORDER')] });
    expect(reveal).toMatchObject({ namespace: 'clubspace', receipts: expect.arrayContaining([receipt('NAMESPACE_REVEAL')]) as unknown });
    expect(imports).toMatchObject({ ok: true, names: [{ owner: ELSEWHERE, receipts: [receipt('NAME_IMPORT')] }, { ok: true }, { ok: true }] });
    expect(ready).toMatchObject({ receipts: [receipt('NAMESPACE_PREORDER'), receipt('NAMESPACE_REVEAL'), receipt('NAMESPACE_READY')] });
    const [check, status, late] = await Promise.all([
      shell.json('namespace', 'check', 'clubspace', ...serversOf(devnet)),
      shell.json('namespace', 'status'),
      shell.json('names', 'import', 'd.clubspace', '--owner', ELSEWHERE, ...profile, ...paying, '--payer-index', '1'),
    ]);
    expect(check).toMatchObject({ code: 1, told: { namespaces: [{ state: 'ready' }] } });
    expect(status.told).toMatchObject({ plans: [{ kind: 'namespace', name: 'clubspace', stage: 'done' }] });
    expect(late).toMatchObject({ code: 1, told: { code: 'NamespaceNotReady' } });
  });
});

test('nothing that is printed or written holds a key or a word', async () => {
  const outputs: Exit[] = await Promise.all([shell.run(['names', 'status', '--json']), shell.run(['names', 'register', 'bob.id', ...profile, ...paying])]);
  const words = readFileSync(join(shell.home, 'words'), 'utf8').trim();
  const journal = readdirSync(join(shell.home, 'journal')).map((file) => readFileSync(join(shell.home, 'journal', file), 'latin1'));
  for (const text of [...outputs.flatMap(({ out, err }) => [out, err]), ...journal]) expect(text).not.toContain(words);
});
