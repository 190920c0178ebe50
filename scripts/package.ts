import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entries, manifest, root } from './entries.ts';
import { parseArguments, report } from './report.ts';

// npm run check:package: packs the package, and looks at it as its users would.
parseArguments();
const folder = mkdtempSync(join(tmpdir(), 'namestead-package-'));
const failed: string[] = [];
try {
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root);
  const tarball = join(folder, `${manifest.name}-${manifest.version}.tgz`);
  check('publint', () => run(process.execPath, [join(root, 'node_modules/publint/src/cli.js'), tarball, '--strict'], root));
  // Not node10: its resolution knows no `exports`, and TypeScript 6 has dropped it.
  const attw = [join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js'), tarball, '--profile', 'node16', '--format', 'ascii'];
  check('arethetypeswrong', () => run(process.execPath, attw, root));
  install(tarball);
  check('each entry point loads by import and by require, with the same names', load);
  check('a strict TypeScript project compiles against it', compile);
  check('the real block that the demo checks is in the package', realBlock);
  check('the browser file runs without anything of Node.js', runBrowserFile);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
report({ ok: failed.length === 0, failed }, failed.length === 0 ? 'the package is sound' : `the package is not sound: ${failed.join(', ')}`);

/** As `npm install` would lay it out, with the dependencies of this checkout. */
function install(tarball: string): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  run('tar', ['-xzf', tarball, '-C', modules], folder);
  run('mv', [join(modules, 'package'), join(modules, manifest.name)], folder);
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    if (!existsSync(join(modules, name))) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
}

function load(): void {
  const specifiers = JSON.stringify(entries.map((entry) => entry.specifier));
  writeFileSync(
    join(folder, 'load.mjs'),
    `import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
for (const specifier of ${specifiers}) {
  const names = (module) => Object.keys(module).filter((name) => name !== 'default' && name !== '__esModule' && name !== 'module.exports').sort();
  const imported = names(await import(specifier));
  assert.deepEqual(names(require(specifier)), imported, specifier);
  assert.ok(imported.length > 0, specifier + ' exports nothing');
}`,
  );
  run(process.execPath, [join(folder, 'load.mjs')], folder);
}

/** The demo's last step, alone: its data must be found beside the installed code. */
function realBlock(): void {
  const step = '{ say() {} }';
  const script = `const { realBitcoin } = await import('./node_modules/${manifest.name}/dist/cli/demo/real.js'); await realBitcoin(${step});`;
  run(process.execPath, ['--input-type=module', '--eval', script], folder);
}

/** In a Node.js whose own globals are gone: a `Buffer` that were needed would be missed here. */
function runBrowserFile(): void {
  writeFileSync(
    join(folder, 'browser.cjs'),
    `const { readFileSync } = require('node:fs');
const { runInThisContext } = require('node:vm');
const file = readFileSync(${JSON.stringify(join(folder, 'node_modules', manifest.name, 'dist/namestead.browser.js'))}, 'utf8');
for (const name of ['Buffer', 'process', 'global', 'setImmediate', 'clearImmediate']) delete globalThis[name];
runInThisContext(file + ';globalThis.Namestead = Namestead');
runInThisContext(\`(async () => {
  const { generateWords, openWallet, signToken, verifyToken, seal, open, p2pkh, keyAgreementOf, generatePrivateKey } = Namestead;
  const wallet = await openWallet(generateWords());
  const identity = await wallet.identity(0);
  const token = await signToken({ iss: identity.address }, identity.signer);
  if (!verifyToken(token, identity.signer.publicKey)) throw new Error('a token does not verify');
  const key = keyAgreementOf(generatePrivateKey());
  if ((await open(await seal('secret', key.publicKey), key)) !== 'secret') throw new Error('what was sealed does not open');
  if (typeof p2pkh(identity.signer.publicKey) !== 'object') throw new Error('no account');
  if (typeof Buffer !== 'undefined' || typeof process !== 'undefined') throw new Error('somebody brought a Buffer');
})()\`);
`,
  );
  run(process.execPath, ['--unhandled-rejections=strict', join(folder, 'browser.cjs')], folder);
}

function compile(): void {
  const text = entries.map(({ specifier }, index) => `import * as entry${index} from '${specifier}';\nvoid entry${index};\n`).join('');
  writeFileSync(join(folder, 'user.mts'), text);
  writeFileSync(join(folder, 'user.cts'), text);
  const tsc = [
    join(root, 'node_modules/typescript/bin/tsc'),
    '--noEmit',
    '--strict',
    '--target',
    'es2022',
    '--lib',
    'es2023,dom,dom.iterable',
    '--types',
    'node',
  ];
  run(process.execPath, [...tsc, '--module', 'nodenext', '--exactOptionalPropertyTypes', 'user.mts', 'user.cts'], folder);
  run(process.execPath, [...tsc, '--module', 'esnext', '--moduleResolution', 'bundler', 'user.mts'], folder);
  // A program for Node.js has no types of the DOM.
  const server = entries.filter(({ specifier }) => !/redirect|popup|localSession|indexeddb/.test(specifier));
  writeFileSync(
    join(folder, 'server.mts'),
    server.map(({ specifier }, index) => `import * as entry${index} from '${specifier}';\nvoid entry${index};\n`).join(''),
  );
  run(process.execPath, [...tsc, '--module', 'nodenext', '--lib', 'es2023', 'server.mts'], folder);
}

function check(name: string, work: () => void): void {
  try {
    work();
    console.error(`ok    ${name}`);
  } catch {
    failed.push(name);
    console.error(`FAIL  ${name}`);
  }
}

function run(command: string, words: readonly string[], cwd: string): void {
  execFileSync(command, words, { cwd, stdio: ['ignore', 2, 2] });
}
