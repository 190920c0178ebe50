import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadPeer, type BenchContext, type BenchResult } from '../suite.ts';

// Checking a chain of headers: linkage, bits, work, median time, chain work. Ours against the very same source on @noble/hashes, against a C
// loop that does no more than hash and compare, and both again in Chromium where there is one.

const COUNT = 100_000;

type Build = (options: object) => Promise<{ readonly outputFiles: readonly { readonly text: string }[] }>;

/** What the built code leaves in the global scope. */
interface Verifier {
  /** So many regtest headers behind the genesis block, 80 bytes each. */
  mine(count: number): Uint8Array;
  /** Headers a second, the best of some rounds. */
  rate(headers: Uint8Array): number;
}

const program = (bitcoin: string): string => `
  import { createHeaderChain } from '${bitcoin}/chain.js';
  import { bitcoinRegtest } from '${bitcoin}/network.js';
  import { sha256dOf80 } from '${bitcoin}/../../lib/sha256d.js';
  import { fromHex, reversed } from '${bitcoin}/../../lib/bytes.js';

  globalThis.mine = (count) => {
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
  globalThis.rate = (headers) => {
    const list = Array.from({ length: headers.length / 80 }, (_, i) => headers.subarray(80 * i, 80 * i + 80));
    let best = 0;
    for (let round = 0; round < 5; round++) {
      const chain = createHeaderChain(bitcoinRegtest);
      const start = performance.now();
      chain.extend(list);
      best = Math.max(best, (list.length * 1000) / (performance.now() - start));
      if (chain.tip().height !== list.length) throw new Error('not all headers were taken');
    }
    return best;
  };`;

const noble = `
  import { sha256 } from '@noble/hashes/sha2.js';
  export function sha256dOf80(bytes, offset, out, at = 0) {
    out.set(sha256(sha256(bytes.subarray(offset, offset + 80))), at);
  }`;

export async function run({ folder, log }: BenchContext): Promise<BenchResult> {
  const [ours, theirs] = [await compile(folder, false), await compile(folder, true)];
  const headers = evaluate(ours).mine(COUNT);
  const verifiers = [evaluate(ours), evaluate(theirs)] as const;
  let [fast, plain] = [0, 0];
  // In turns, so that a neighbour who takes the processor for a while is unfair to neither.
  for (let turn = 0; turn < 4; turn++) {
    fast = Math.max(fast, verifiers[0].rate(headers));
    plain = Math.max(plain, verifiers[1].rate(headers));
  }
  log(`Node: ${kilo(fast)} headers/s, on @noble/hashes ${kilo(plain)}`);
  const native = nativeRate(folder, headers, log);
  const browser = await browserRates(ours, theirs, log);
  return {
    suite: 'headers',
    ratios: {
      node_vs_noble: fast / plain,
      ...(native === null ? {} : { node_vs_native: fast / native }),
      ...(browser === null ? {} : { chromium_vs_noble: browser.ours / browser.theirs }),
    },
  };
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

function evaluate(code: string): Verifier {
  // Indirect, so that each bundle has its own scope and leaves only its two functions.
  (0, eval)(code);
  const { mine, rate } = globalThis as unknown as Verifier;
  return { mine, rate };
}

function nativeRate(folder: string, headers: Uint8Array, log: (line: string) => void): number | null {
  const place = mkdtempSync(join(tmpdir(), 'namestead-bench-'));
  try {
    const [source, binary, data] = [resolve(folder, 'native/headers.c'), join(place, 'headers'), join(place, 'headers.bin')];
    writeFileSync(data, headers);
    execFileSync('cc', ['-O3', '-march=native', '-o', binary, source], { stdio: 'pipe' });
    const [rate = '', ...kind] = execFileSync(binary, [data], { encoding: 'utf8' }).trim().split(' ');
    log(`native: ${kilo(Number(rate))} headers/s (${kind.join(' ')})`);
    return Number(rate);
  } catch (error) {
    log(`native: left out, no C compiler that works (${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''})`);
    return null;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

interface Browser {
  newPage(): Promise<{ evaluate<T>(code: string): Promise<T> }>;
  close(): Promise<void>;
}

async function browserRates(ours: string, theirs: string, log: (line: string) => void): Promise<{ readonly ours: number; readonly theirs: number } | null> {
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
    const rateOf = (code: string): Promise<number> =>
      page.evaluate<number>(`(() => { ${code}; globalThis.headers ??= mine(${COUNT}); return rate(globalThis.headers); })()`);
    const [fast, plain] = [await rateOf(ours), await rateOf(theirs)];
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
