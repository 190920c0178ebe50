import { buildSync } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Devnet } from '../../src/devnet/devnet.js';

const root = resolve(import.meta.dirname, '../..');

export interface Exit {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder of its own for journals, headers and keys, and the command run in it. */
export interface Shell {
  readonly home: string;
  /** Runs the command to its end. `see` is told of every line on stderr, `started` of the process. */
  run(
    args: readonly string[],
    options?: {
      readonly env?: Readonly<Record<string, string>>;
      readonly see?: (line: string, child: ChildProcess) => void;
      readonly started?: (child: ChildProcess) => void;
    },
  ): Promise<Exit>;
  /** As `run` with `--json`: the exit code and what stdout says. */
  json(...args: readonly string[]): Promise<{ readonly code: number | null; readonly told: Readonly<Record<string, unknown>>; readonly err: string }>;
  /** A file in the folder, of mode 600 unless told. */
  write(name: string, text: string, mode?: number): string;
  remove(): void;
}

/** The command as one program: a child that starts from the sources takes most of its time to translate them. Beside them, so that it finds its packages. */
function build(): string {
  const outdir = resolve(root, '.cache', `cli-${process.pid}`);
  buildSync({
    entryPoints: [resolve(root, 'src/cli/main.ts')],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  });
  return outdir;
}

export function openShell(): Shell {
  const program = build();
  const home = mkdtempSync(join(tmpdir(), 'namestead-cli-'));
  const run: Shell['run'] = (args, { env = {}, see, started } = {}) => {
    const child = spawn(process.execPath, [join(program, 'main.mjs'), ...args], {
      cwd: root,
      env: { ...process.env, NAMESTEAD_HOME: home, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      for (const line of text.split('\n')) if (line !== '') see?.(line, child);
    });
    started?.(child);
    return new Promise((done) => child.once('close', (code) => done({ code, out, err })));
  };
  return {
    home,
    run,
    json: async (...args) => {
      const { code, out, err } = await run([...args, '--json']);
      return { code, told: JSON.parse(out) as Readonly<Record<string, unknown>>, err };
    },
    write: (name, text, mode = 0o600) => {
      const path = join(home, name);
      writeFileSync(path, text, { mode });
      return path;
    },
    remove: () => {
      for (const folder of [home, program]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The options that name a devnet's servers. */
export function serversOf({ urls }: Devnet): readonly string[] {
  return ['--network', 'devnet', '--esplora', urls.esplora, '--node', urls.node];
}

export function anchorText({ height, hash, consensusHash }: { readonly height: number; readonly hash: string; readonly consensusHash: string }): string {
  return `${height}:${hash}:${consensusHash}`;
}
