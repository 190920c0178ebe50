import { transform } from 'esbuild';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { rollup, type OutputOptions, type RollupOptions } from 'rollup';
import { browserOptions, libraryOptions } from '../rollup.config.ts';
import { englishModule, wordList } from './english.ts';
import { commands, entries, present, root } from './entries.ts';

// npm run build                  dist/: ESM, CommonJS, declarations and the browser file
// tsx scripts/build.ts if-stale  the same, where something changed since the last time
// tsx scripts/build.ts quick     build/: the sources with their types stripped, in a second, for the demo and the examples
const source = resolve(root, 'src');
const dist = resolve(root, 'dist');
const stamp = resolve(root, '.cache/built.json');
const words = process.argv.slice(2);
const lenient = words.includes('lenient');
if (words.includes('quick')) await quick();
else if (!words.includes('if-stale') || !existsSync(dist) || (await readStamp()) !== (await newStamp())) await whole();

async function whole(): Promise<void> {
  const { missing } = present([...entries.map((entry) => entry.module), ...commands]);
  if (missing.length > 0 && !lenient) throw new Error(`package.json names modules that are not in src/: ${missing.join(', ')}`);
  for (const module of missing) console.error(`missing: src/${module}.ts`);
  const state = await newStamp();
  await mkdir(dirname(stamp), { recursive: true });
  const folder = await mkdtemp(resolve(root, '.cache/dist-'));
  try {
    const works = await Promise.allSettled([declarations(folder), write(libraryOptions(folder, lenient)).then(() => write(browserOptions(folder, lenient)))]);
    for (const work of works) if (work.status === 'rejected') throw work.reason;
    const programs = commands.map((name) => join(folder, `${name}.js`)).filter((path) => existsSync(path));
    await Promise.all([chmod(folder, 0o755), ...programs.map((path) => chmod(path, 0o755))]);
    await rm(dist, { recursive: true, force: true });
    await rename(folder, dist);
    await writeFile(stamp, state);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a build depends on, with the time of each file's last change. */
async function newStamp(): Promise<string> {
  const works = ['package.json', 'rollup.config.ts', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.ts', 'scripts/english.ts', 'scripts/entries.ts'];
  const paths = [...works, ...(await filesIn(source, '.ts')).map((path) => join('src', path)).sort()];
  return JSON.stringify(await Promise.all(paths.map(async (path) => [path, await timeOf(resolve(root, path))])));
}

function readStamp(): Promise<string> {
  return readFile(stamp, 'utf8').catch(() => '');
}

async function write(options: RollupOptions & { output: OutputOptions[] }): Promise<void> {
  const bundle = await rollup(options);
  for (const output of options.output) await bundle.write(output);
  await bundle.close();
}

/** `.d.ts` from the compiler; `.d.cts` is the same with `.cjs` in its imports. */
async function declarations(folder: string): Promise<void> {
  const code = await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', folder]);
  if (code !== 0 && !lenient) throw new Error('tsc found errors');
  for (const path of await filesIn(folder, '.d.ts')) {
    const text = await readFile(join(folder, path), 'utf8');
    await writeFile(join(folder, path.replace(/\.d\.ts$/, '.d.cts')), text.replace(/((?:from|import)\s*\(?\s*['"]\.[^'"]*)\.js(?=['"])/g, '$1.cjs'));
  }
}

function run(command: string, words: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: root, stdio: ['ignore', 2, 2] });
    child.on('error', reject).on('exit', (code) => {
      resolve(code ?? 1);
    });
  });
}

async function filesIn(folder: string, ending: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((path) => path.endsWith(ending));
}

/** Writes what changed since the last time, and removes what is gone. */
async function quick(): Promise<void> {
  const out = resolve(root, 'build');
  await mkdir(out, { recursive: true });
  const paths = (await filesIn(source, '.ts')).map((path) => path.replace(/\.ts$/, ''));
  const gone = (await filesIn(out, '.js')).filter((path) => !paths.includes(path.replace(/\.js$/, '')));
  await Promise.all(gone.map((path) => rm(join(out, path))));
  await Promise.all(
    paths.map(async (path) => {
      const from = join(source, `${path}.ts`);
      const to = join(out, `${path}.js`);
      const [made, written] = await Promise.all([timeOf(from), timeOf(to)]);
      if (written > made) return;
      const options = { loader: 'ts', target: 'es2022', sourcefile: from, tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } } } as const;
      const { code } = await transform(await readFile(from, 'utf8'), options);
      await mkdir(dirname(to), { recursive: true });
      await writeFile(to, code.replace(`"${wordList}"`, '"../english.mjs"'));
    }),
  );
  if (!existsSync(join(out, 'english.mjs'))) await writeFile(join(out, 'english.mjs'), await englishModule());
}

async function timeOf(path: string): Promise<number> {
  return stat(path).then(
    (status) => status.mtimeMs,
    () => 0,
  );
}
