import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadPeer, type BenchContext, type BenchResult } from '../suite.ts';

// Checking a chain of headers: linkage, bits, work, median time, chain work. Ours against the very same source on @noble/hashes, against a C
// loop that does no more than hash and compare, and both again in Chromium where there is one.

const COUNT = 100_000;
/** Mainnet's height in 2026, about; and the boundary where a release's anchor stands. */
const WHOLE = 930_000;
const CHECKPOINT = 878_976;
const ROUNDS = 3;
/** Processor time is measured, not the clock's, ours and theirs in turns: so neighbours are unfair to neither. The best of each counts. */
const TURNS = 5;

type Build = (options: object) => Promise<{ readonly outputFiles: readonly { readonly text: string }[] }>;

/** What the built code leaves in the global scope. */
interface Verifier {
  /** So many regtest headers behind the genesis block, 80 bytes each. */
  mine(count: number): Uint8Array;
  /** Checks the headers, {@link ROUNDS} times over. */
  run(headers: Uint8Array, hashHeaders?: unknown): void;
  /** What hashes four headers at a time; null where it cannot. */
  readonly simd: Promise<unknown>;
  /** Checks all headers from the genesis block, or from the one at `checkpoint` on; answers the height reached. */
  check(headers: Uint8Array, checkpoint: number): number;
}

const program = (bitcoin: string): string => `
  import { createHeaderChain } from '${bitcoin}/chain.js';
  import { bitcoinRegtest } from '${bitcoin}/network.js';
  import { sha256dOf80 } from '${bitcoin}/../../lib/sha256d.js';
  import { loadHashHeaders } from '${bitcoin}/../../lib/sha256dSimd.js';
  import { fromHex, reversed } from '${bitcoin}/../../lib/bytes.js';

  const split = (headers) => Array.from({ length: headers.length / 80 }, (_, i) => headers.subarray(80 * i, 80 * i + 80));
  const mine = (count) => {
    const headers = new Uint8Array(80 * count);
    const hash = reversed(fromHex(bitcoinRegtest.genesisHash));
    for (let i = 0; i < count; i++) {
      const header = headers.subarray(80 * i, 80 * i + 80);
      const view = new DataView(header.buffer, header.byteOffset);
      view.setUint32(0, 0x20000000, true);
      header.set(hash, 4);
      view.setUint32(36, i, true);
      view.setUint32(68, 1296688602 + 600 * (i + 1), true);
      view.setUint32(72, bitcoinRegtest.powLimitBits, true);
      for (let nonce = 0; ; nonce++) {
        view.setUint32(76, nonce, true);
        sha256dOf80(header, 0, hash);
        if (hash[31] < 0x80) break;
      }
    }
    return headers;
  };
  let [last, batches] = [null, []];
  const simd = loadHashHeaders();
  const run = (headers, hashHeaders) => {
    // As sources give them: two thousand at a time.
    if (headers !== last) [last, batches] = [headers, Array.from({ length: headers.length / 160000 }, (_, i) => split(headers.subarray(160000 * i, 160000 * (i + 1))))];
    for (let round = 0; round < ${ROUNDS}; round++) {
      const chain = createHeaderChain(bitcoinRegtest, { hashHeaders });
      for (const batch of batches) chain.extend(batch);
      if (chain.tip().height !== headers.length / 80) throw new Error('not all headers were taken');
    }
  };
  const check = (headers, height) => {
    const at = (i) => headers.subarray(80 * (i - 1), 80 * i);
    const previousTimes = Array.from({ length: 10 }, (_, i) => new DataView(at(height - 10 + i).buffer, at(height - 10 + i).byteOffset).getUint32(68, true));
    const chain = createHeaderChain(bitcoinRegtest, height === 0 ? {} : { checkpoint: { height, header: at(height), previousTimes, chainWork: 1n } });
    for (let from = 80 * height; from < headers.length; from += 160000) chain.extend(split(headers.subarray(from, from + 160000)));
    return chain.tip().height;
  };
  globalThis.verifiers = [...(globalThis.verifiers ?? []), { mine, run, check, simd }];`;

const noble = `
  export const [constants, initial] = [[], []];
  import { sha256 } from '@noble/hashes/sha2.js';
  export function sha256dOf80(bytes, offset, out, at = 0) {
    out.set(sha256(sha256(bytes.subarray(offset, offset + 80))), at);
  }`;

export async function run({ folder, log }: BenchContext): Promise<BenchResult> {
  const bundles = [await compile(folder, false), await compile(folder, true)];
  const [ours, theirs] = evaluate(bundles);
  const headers = ours.mine(WHOLE);
  const some = headers.subarray(0, 80 * COUNT);
  let [fast, plain, four] = [0, 0, 0];
  const simd = await ours.simd;
  for (let turn = 0; turn < TURNS; turn++) {
    if (simd !== null) four = Math.max(four, (ROUNDS * COUNT) / cpuSeconds(() => ours.run(some, simd)));
    fast = Math.max(fast, (ROUNDS * COUNT) / cpuSeconds(() => ours.run(some)));
    plain = Math.max(plain, (ROUNDS * COUNT) / cpuSeconds(() => theirs.run(some)));
  }
  log(`Node: ${kilo(fast)} headers/s, four at a time ${kilo(four)}, on @noble/hashes ${kilo(plain)}`);
  const [whole, recent] = [secondsFrom(ours, headers, 0), secondsFrom(ours, headers, CHECKPOINT)];
  log(`Node: ${WHOLE} headers from genesis in ${whole.toFixed(2)} s of CPU, from block ${CHECKPOINT} on in ${recent.toFixed(3)} s`);
  const native = nativeRate(folder, some, log);
  const browser = await browserRates(bundles, log);
  return {
    suite: 'headers',
    ratios: {
      node_vs_noble: fast / plain,
      ...(browser === null ? {} : { chromium_vs_noble: browser.ours / browser.theirs }),
      ...(native === null ? {} : { vs_native: Math.max(fast, four) / native, vs_native_without_simd: fast / native }),
      cpu_seconds_from_genesis: whole,
      cpu_seconds_from_checkpoint: recent,
    },
  };
}

/** The best of three. */
function secondsFrom({ check }: Verifier, headers: Uint8Array, checkpoint: number): number {
  const times = Array.from({ length: 3 }, () =>
    cpuSeconds(() => {
      if (check(headers, checkpoint) !== WHOLE) throw new Error('not all headers were taken');
    }),
  );
  return Math.min(...times);
}

/** User and system time of the whole process: a collector or compiler on another thread counts too. */
function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** The same source each time; with `swapped` only the file that hashes is another. */
async function compile(folder: string, swapped: boolean): Promise<string> {
  const { build } = await loadPeer<{ readonly build: Build }>('esbuild');
  const root = resolve(folder, '..');
  const swap = {
    name: 'swap',
    setup: (plugins: { onLoad: (filter: object, load: () => object) => void }) => {
      if (swapped) plugins.onLoad({ filter: /lib\/sha256d\.ts$/ }, () => ({ contents: noble, resolveDir: root }));
    },
  };
  const stdin = { contents: program('./src/names/bitcoin'), resolveDir: root, loader: 'ts' };
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    write: false,
    plugins: [swap],
  });
  return outputFiles[0]?.text ?? '';
}

function evaluate(bundles: readonly string[]): readonly [Verifier, Verifier] {
  // Indirect, so that each bundle has its own scope and leaves only its verifier.
  for (const code of bundles) (0, eval)(code);
  return (globalThis as unknown as { readonly verifiers: readonly [Verifier, Verifier] }).verifiers;
}

function nativeRate(folder: string, headers: Uint8Array, log: (line: string) => void): number | null {
  const place = mkdtempSync(join(tmpdir(), 'namestead-bench-'));
  try {
    const [source, binary, data] = [resolve(folder, 'native/headers.c'), join(place, 'headers'), join(place, 'headers.bin')];
    writeFileSync(data, headers);
    execFileSync('cc', ['-O3', '-march=native', '-o', binary, source], { stdio: 'pipe' });
    let [best, kind] = [0, ''];
    for (let turn = 0; turn < TURNS; turn++) {
      const [rate = '', ...words] = execFileSync(binary, [data], { encoding: 'utf8' }).trim().split(' ');
      [best, kind] = [Math.max(best, Number(rate)), words.join(' ')];
    }
    log(`native: ${kilo(best)} headers/s (${kind})`);
    return best;
  } catch (error) {
    log(`native: left out, no C compiler that works (${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''})`);
    return null;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

interface Metrics {
  readonly metrics: readonly { readonly name: string; readonly value: number }[];
}

interface Page {
  evaluate(code: string): Promise<unknown>;
  context(): { newCDPSession(page: Page): Promise<{ send(method: string, params?: object): Promise<Metrics> }> };
}

interface Browser {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

async function browserRates(bundles: readonly string[], log: (line: string) => void): Promise<{ readonly ours: number; readonly theirs: number } | null> {
  const executablePath = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && isFile(path),
  );
  if (executablePath === undefined) {
    log('Chromium: left out, none is installed');
    return null;
  }
  const { chromium } = await loadPeer<{ readonly chromium: { launch(options: object): Promise<Browser> } }>('playwright-core');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const threadTime = async (): Promise<number> =>
      (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ThreadTime')?.value ?? 0;
    const rateOf = async (verifier: number): Promise<number> => {
      const before = await threadTime();
      await page.evaluate(`verifiers[${verifier}].run(headers)`);
      return (ROUNDS * COUNT) / ((await threadTime()) - before);
    };
    for (const code of bundles) await page.evaluate(`(() => { ${code} })()`);
    await page.evaluate(`globalThis.headers = verifiers[0].mine(${COUNT}); 0`);
    let [fast, plain] = [0, 0];
    for (let turn = 0; turn < TURNS; turn++) {
      fast = Math.max(fast, await rateOf(0));
      plain = Math.max(plain, await rateOf(1));
    }
    log(`Chromium: ${kilo(fast)} headers/s, on @noble/hashes ${kilo(plain)}`);
    return { ours: fast, theirs: plain };
  } finally {
    await browser.close();
  }
}

function isFile(path: string): boolean {
  try {
    return readFileSync(path).length > 0;
  } catch {
    return false;
  }
}

function kilo(rate: number): string {
  return `${Math.round(rate / 1000)}k`;
}
