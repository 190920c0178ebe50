import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describe as tell, jsonLine, transcript } from '../../src/cli/transcript.js';

const root = resolve(import.meta.dirname, '../..');
const CONTROLS = /(?!\n)[\p{Cc}\p{Bidi_Control}]/u;
const ESCAPES = '\u001b]0;owned\u0007\u001b[2J\u009b1m\r\u202e';
const anchor = `500000:${'00'.repeat(32)}:${'00'.repeat(16)}`;

interface Exit {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function namestead(args: readonly string[], deaf = false): Promise<Exit> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, NAMESTEAD_HOME: resolve(root, '.cache/no-home') },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  if (deaf) child.stdout.destroy();
  return new Promise((done) => child.once('close', (code) => done({ code, out, err })));
}

async function serve(status: number, body: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(
    () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a server that talks to the terminal', () => {
  test.each([
    ['in what is no JSON', 200, `{${ESCAPES}`],
    ['in a fault', 200, `<?xml version="1.0"?><methodResponse><fault><value><struct><member><name>faultString</name><value><string>${ESCAPES}</string>`],
    ['in a refusal', 500, ESCAPES],
  ])('%s is not obeyed', async (_, status, body) => {
    const url = await serve(status, body);
    const { code, err } = await namestead(['resolve', 'alice.id', '--esplora', url, '--node', url, '--anchor', anchor]);
    expect(code).toBe(1);
    expect(err).toMatch(/^namestead: \w+: /);
    expect(err).not.toMatch(CONTROLS);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

describe('what the command line shows', () => {
  test('of errors, their causes and their lines holds no controls', () => {
    const cause = new SyntaxError(`Unexpected token ${ESCAPES}`);
    expect(tell(new Error(`outer ${ESCAPES}`, { cause }))).not.toMatch(CONTROLS);
    expect(tell(ESCAPES)).not.toMatch(CONTROLS);
    const loop = new Error('round');
    loop.cause = loop;
    expect(tell(loop).length).toBeLessThan(1000);
  });

  test('of a step holds no controls', async () => {
    const out = new PassThrough();
    let shown = '';
    out.setEncoding('utf8').on('data', (text: string) => (shown += text));
    await transcript({ out, err: out }, false, () => 0).run('step', 'A step', (step) => {
      step.say(`a profile says ${ESCAPES}`);
      return Promise.resolve();
    });
    out.end();
    await new Promise((done) => out.once('end', done));
    expect(shown).toContain('a profile says');
    expect(shown).not.toMatch(CONTROLS);
  });

  test('as JSON is one line without controls that reads back the same', () => {
    const value = { ok: true, name: `${ESCAPES}\n\u2028` };
    expect(jsonLine(value).trimEnd()).not.toMatch(/[\p{Cc}\u2028]/u);
    expect(JSON.parse(jsonLine(value))).toEqual(value);
  });
});

describe('a wrong command line', () => {
  const servers = ['--esplora', 'http://127.0.0.1:1', '--node', 'http://127.0.0.1:1'];
  test.each<[string, readonly string[]]>([
    ['a name that is none', ['resolve', 'NOT A NAME', ...servers, '--anchor', anchor]],
    ['an empty name', ['resolve', '', ...servers, '--anchor', anchor]],
    ['an anchor before the first block', ['resolve', 'alice.id', ...servers, '--anchor', anchor.replace('500000', '1')]],
    ['a password in a URL', ['resolve', 'alice.id', '--esplora', 'http://127.0.0.1:1', '--node', 'http://user:hunter2@127.0.0.1:1', '--anchor', anchor]],
    ['escapes in a command', [ESCAPES]],
    ['a name of no namespace for the devnet', ['devnet', '--name', 'nonsense']],
  ])('with %s ends with 2, tells why, and shows no secret', async (_, args) => {
    const plain = await namestead(args);
    expect(plain).toMatchObject({ code: 2, out: '' });
    expect(plain.err).toMatch(/^namestead: .+\(see namestead .*--help\)\n$/);
    expect(plain.err).not.toMatch(/hunter2/);
    expect(plain.err).not.toMatch(CONTROLS);
  });

  test('with --json is one line that says ok: false, and the code of what the world refused', async () => {
    const [wrong, refused] = await Promise.all([
      namestead(['frobnicate', '--json']),
      namestead(['resolve', 'alice.id', '--json', ...servers, '--anchor', anchor]),
    ]);
    expect(wrong.code).toBe(2);
    expect(JSON.parse(wrong.out)).toEqual({ ok: false, code: null, error: expect.any(String) as string });
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toEqual({ ok: false, code: 'HttpFailed', error: expect.any(String) as string });
  });
});

test('a reader that goes away ends the program without a stack', async () => {
  const { err } = await namestead(['--help'], true);
  expect(err).toBe('');
});
