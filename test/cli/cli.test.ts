import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { options } from '../../src/cli/options.js';
import { version } from '../../src/cli/version.js';

const root = resolve(import.meta.dirname, '../..');

interface Exit {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function namestead(...args: string[]): Promise<Exit> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, NAMESTEAD_HOME: resolve(root, '.cache/no-home') },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((done) => child.once('close', (code) => done({ code, out, err })));
}

const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');

describe('the command line', () => {
  test('knows the version of its package', () => {
    expect(version).toBe((JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { version: string }).version);
  });

  test('shows how it is used, and is wrong with 2 on what it does not know', async () => {
    const [help, unknown, option, bare] = await Promise.all([namestead('--help'), namestead('frobnicate'), namestead('--frobnicate'), namestead('resolve')]);
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toContain('namestead resolve ');
    for (const wrong of [unknown, option, bare]) {
      expect(wrong).toMatchObject({ code: 2, out: '' });
      expect(wrong.err).toMatch(/^namestead: .*\(see namestead .*--help\)\n$/);
    }
  });

  test('has each command in its help, on its page, and with a help of its own that names only options that are', async () => {
    const page = readFileSync(resolve(root, 'docs/cli.md'), 'utf8');
    const { out } = await namestead('--help');
    const commands = [...out.matchAll(/^ {2}namestead ([a-z]+(?: [a-z]+)?) {2}/gm)].map(([, name = '']) => name);
    expect(commands.length).toBeGreaterThan(25);
    expect(commands.filter((name) => !page.includes(`\`${name}`))).toEqual([]);
    const told = [...page.matchAll(/--([a-z][a-z0-9-]+)/g)].map(([, option = '']) => option);
    expect([...new Set(told)].filter((option) => !Object.hasOwn(options, option))).toEqual([]);
    const [family, own] = await Promise.all([namestead('names'), namestead('names', 'register', '--help')]);
    expect(family.out).toContain('namestead names revoke');
    expect(family.out).not.toContain('namestead demo');
    expect(own.out).toMatch(/^namestead names register NAME .*\n\n[^]*--dry-run +tell what it costs/);
  });

  test.each([
    [['--esplora', 'http://127.0.0.1:1'], '--anchor'],
    [['--esplora', 'http://127.0.0.1:1', '--anchor', `500000:${'00'.repeat(32)}:${'00'.repeat(16)}`], '--node'],
    [['--esplora', 'http://127.0.0.1:1', '--node', 'ftp://x', '--anchor', '1:2:3'], '--node'],
    [['--esplora', 'http://127.0.0.1:1', '--node', 'http://127.0.0.1:1', '--anchor', '1:2:3'], '--anchor'],
    [['--esplora', 'http://127.0.0.1:1', '--node', 'http://127.0.0.1:1', '--network', 'moon'], '--network'],
  ])('a resolve with wrong options says which: %j', async (args, option) => {
    const { code, out } = await namestead('resolve', 'alice.id', '--json', ...args);
    expect(code).toBe(2);
    expect(lastLine(out)).toMatchObject({ ok: false, error: expect.stringContaining(option) as string });
  });

  test('a server that cannot be reached ends a resolve with 1 and its code', async () => {
    const anchor = `500000:${'00'.repeat(32)}:${'00'.repeat(16)}`;
    const { code, out } = await namestead(
      'resolve',
      'alice.id',
      '--json',
      '--esplora',
      'http://127.0.0.1:1',
      '--node',
      'http://127.0.0.1:1',
      '--anchor',
      anchor,
    );
    expect(code).toBe(1);
    expect(lastLine(out)).toMatchObject({ ok: false, error: expect.stringContaining('HttpFailed') as string });
  });
});

/** What each liar in the demo's path is refused with. */
const refusals = {
  'forged header': 'HeaderWork',
  'low-work fork': 'LowWork',
  'wrong record': 'RecordMismatch',
  'edited uncommitted field': 'UncommittedField',
  'hidden later operation': 'OperationHidden',
  'swapped consensus hashes': 'ConsensusMismatch',
  'wrong zone file': 'ZoneFileMismatch',
  "another's profile": 'ProfileMismatch',
  "somebody else's name": 'NameNotOwned',
  'file re-encrypted by hub': 'SignatureMissingFile',
};

interface DemoAnswer {
  readonly ok: boolean;
  readonly steps: readonly { readonly name: string; readonly ok: boolean; readonly ms: number; readonly lie?: string; readonly code?: string }[];
}

function itsTale({ code, out, err }: Exit): void {
  expect(code, err).toBe(0);
  const { ok, steps } = lastLine(out) as DemoAnswer;
  expect(ok).toBe(true);
  expect(steps.every((step) => step.ok && step.ms >= 0)).toBe(true);
  expect(steps.flatMap(({ name, lie }) => (lie === undefined ? [name] : []))).toEqual([
    'devnet',
    'wallet',
    'names',
    'zones',
    'resolve',
    'levels',
    'signIn',
    'files',
    'realBitcoin',
  ]);
  const levels = steps.find(({ name }) => name === 'levels') as unknown as Readonly<Record<string, unknown>>;
  expect(levels).toMatchObject({ filters: { asOf: {} }, history: { asOf: {} }, replay: { asOf: {} }, absent: true, oldAnchor: 'UndecidedOperation' });
  expect(levels['proofBytes']).toBeLessThan(25_000);
  expect(Object.fromEntries(steps.flatMap(({ lie, code: refusal }) => (lie === undefined ? [] : [[lie, refusal]])))).toEqual(refusals);
}

describe('the demo', () => {
  test('goes through all its steps, refuses every liar, and tells it in one line of JSON', { timeout: 60_000 }, async () => {
    itsTale(await namestead('demo', '--json'));
  });

  test.skipIf(!process.env['BITCOIND'])('tells the same on a real bitcoind', { timeout: 120_000 }, async () => {
    itsTale(await namestead('demo', '--json', '--bitcoind', process.env['BITCOIND'] ?? ''));
  });

  test('a bitcoind that is none ends it with 1, in words', { timeout: 60_000 }, async () => {
    const { code, out } = await namestead('demo', '--json', '--bitcoind', '/nonexistent/bitcoind');
    expect(code).toBe(1);
    expect(lastLine(out)).toMatchObject({ ok: false });
  });
});
