import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'namestead-interrupt-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  /** Temporary folders that were there, and those that are left. */
  readonly seen: readonly string[];
  readonly left: readonly string[];
}

/** Runs the command, its temporary files in a folder of its own, and interrupts it at a moment. */
async function interrupted(args: readonly string[], at: 'its first folder' | 'its first line'): Promise<Ended> {
  const temporary = mkdtempSync(join(folder, 'run-'));
  const ours = (): string[] => readdirSync(temporary).filter((name) => name.startsWith('namestead-'));
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], { cwd: root, env: { ...process.env, TMPDIR: temporary } });
  let out = '';
  let seen: readonly string[] = [];
  const interrupt = (): void => {
    if (seen.length > 0) return;
    seen = ours();
    if (seen.length > 0) child.kill('SIGINT');
  };
  const watcher = watch(temporary, () => {
    if (at === 'its first folder') interrupt();
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (at === 'its first line' && out.includes('\n')) interrupt();
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  watcher.close();
  return { code, out, seen, left: ours() };
}

test('Ctrl-C ends a devnet that is up with 0, and nothing is left of it', { timeout: 60_000 }, async () => {
  const { code, out, seen, left } = await interrupted(['devnet', '--json'], 'its first line');
  expect(JSON.parse(out)).toMatchObject({ ok: true, urls: { hub: expect.stringMatching(/^http:/) as string } });
  expect({ code, seen: seen.length, left }).toEqual({ code: 0, seen: 1, left: [] });
});

test.each(['devnet', 'demo'])('Ctrl-C ends a %s that is still starting, and nothing is left of it', { timeout: 60_000 }, async (command) => {
  const { code, seen, left } = await interrupted([command, '--json'], 'its first folder');
  expect({ code, seen: seen.length, left }).toEqual({ code: 130, seen: 1, left: [] });
});
