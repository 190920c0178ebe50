import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import { transform } from 'esbuild';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { rollup, type InputPluginOption, type OutputOptions, type Plugin, type RollupLog, type RollupOptions } from 'rollup';
import { englishModule, wordList } from './scripts/english.ts';
import { commands, entries, present, root, sourceOf } from './scripts/entries.ts';

const source = resolve(root, 'src');

/** One output module per source module, for Node.js and bundlers; packages stay imports. */
export function libraryOptions(folder: string, lenient: boolean): RollupOptions & { output: OutputOptions[] } {
  const { found } = present([...entries.map((entry) => entry.module), ...commands]);
  const shared: OutputOptions = { dir: folder, preserveModules: true, preserveModulesRoot: source, hoistTransitiveImports: false };
  return {
    input: Object.fromEntries(found.map((module) => [module, sourceOf(module)])),
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && id !== wordList && id !== 'jsontokens',
    plugins: [vendored(), typescript(lenient)],
    treeshake: { moduleSideEffects: false },
    onLog: (_level, log) => {
      complain(log);
    },
    output: [
      { ...shared, format: 'es', entryFileNames: '[name].js' },
      { ...shared, format: 'cjs', entryFileNames: '[name].cjs', exports: 'named' },
    ],
  };
}

/** Everything a browser can run, packages included, in one classic script that sets the global `Namestead`. */
export function browserOptions(folder: string, lenient: boolean): RollupOptions & { output: OutputOptions[] } {
  const { found } = present(entries.filter((entry) => entry.browser).map((entry) => entry.module));
  return {
    input: 'everything',
    plugins: [
      virtual('everything', found.map((module) => `export * from ${JSON.stringify(sourceOf(module))};`).join('\n')),
      without('cross-fetch'),
      vendored(),
      typescript(lenient),
      nodeResolve({ browser: true, preferBuiltins: false }),
      plugin(commonjs),
    ],
    treeshake: { moduleSideEffects: (id) => !id.startsWith(source) },
    onLog: (_level, log) => {
      complain(log);
    },
    output: [
      {
        file: resolve(folder, 'namestead.browser.js'),
        format: 'iife',
        name: 'Namestead',
        inlineDynamicImports: true,
        plugins: [plugin(terser, { ecma: 2020, compress: { passes: 2 }, format: { comments: /@license|@preserve|^!/ } })],
      },
    ],
  };
}

/** Strips types and, but for licences, comments: docstrings live in the declarations. */
function typescript(lenient: boolean): Plugin {
  return {
    name: 'typescript',
    resolveId(specifier, importer) {
      if (!specifier.startsWith('.') || importer?.startsWith(source) !== true) return null;
      const path = resolve(dirname(importer), specifier).replace(/\.js$/, '.ts');
      if (existsSync(path)) return path;
      if (!lenient) return null;
      console.error(`missing: ${path}`);
      return { id: specifier, external: true };
    },
    async transform(code, id) {
      if (!id.endsWith('.ts')) return null;
      const options = { loader: 'ts', target: 'es2022', sourcefile: id, tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } } } as const;
      return { code: (await transform(code, options)).code, map: null };
    },
  };
}

/**
 * Two packages go into our own output, as `vendor/…`. Of bip39 only the English words, so that nothing imports JSON or brings nine
 * more languages. Of jsontokens only the verifier: it is CommonJS, and as an import it would bring a second copy of @noble/hashes.
 */
function vendored(): Plugin {
  const code: Readonly<Record<string, () => Promise<string>>> = { [wordList]: englishModule, jsontokens: tokenVerifierModule };
  const names: Readonly<Record<string, string>> = { [wordList]: resolve(source, 'vendor/english.js'), jsontokens: resolve(source, 'vendor/jsontokens.js') };
  return {
    name: 'vendored',
    resolveId: (specifier) => (Object.hasOwn(names, specifier) ? { id: names[specifier] ?? specifier, moduleSideEffects: false } : null),
    load: async (id) => (await code[Object.keys(names).find((specifier) => names[specifier] === id) ?? '']?.()) ?? null,
  };
}

async function tokenVerifierModule(): Promise<string> {
  const verifier = resolve(root, 'node_modules/jsontokens/lib/verifier.js');
  // Its ES modules instead of the CommonJS file that is required.
  const secp256k1 = createRequire(verifier)
    .resolve('@noble/secp256k1')
    .replace(/index\.js$/, 'esm/index.js');
  // Required modules are kept whole, so each is given as what verifying uses of it; signing falls away.
  const used: Readonly<Record<string, string>> = {
    '@noble/secp256k1': `export { verify } from ${JSON.stringify(secp256k1)}; export const utils = {};`,
    '@noble/hashes/sha256': `export { sha256 } from '@noble/hashes/sha2.js';`,
    '@noble/hashes/hmac': 'export {};',
    '@noble/hashes/utils': 'export {};',
  };
  const bundle = await rollup({
    input: 'verifier',
    external: '@noble/hashes/sha2.js',
    plugins: [
      virtual('verifier', `export { TokenVerifier } from ${JSON.stringify(verifier)};`),
      ...Object.entries(used).map(([name, code]) => virtual(name, code)),
      // Node's crypto would be asked for randomness only, which verifying needs none of.
      without('crypto'),
      nodeResolve({ browser: true, preferBuiltins: false }),
      plugin(commonjs, { esmExternals: true, strictRequires: 'auto', requireReturnsDefault: 'namespace' }),
    ],
    onLog: (_level, log) => {
      complain(log);
    },
  });
  const { output } = await bundle.generate({ format: 'es' });
  await bundle.close();
  return `// TokenVerifier of the package jsontokens, with its own @noble/secp256k1 (both MIT licence).\n${output[0].code}`;
}

/** Rollup's own plugins declare their default export for CommonJS alone. */
function plugin(factory: unknown, options?: object): Plugin {
  return (factory as (options?: object) => Plugin)(options);
}

function virtual(name: string, code: string): Plugin {
  return { name: 'virtual', resolveId: (id) => (id === name ? `\0${name}` : null), load: (id) => (id === `\0${name}` ? code : null) };
}

/** An empty module in a package's place, as package.json's `browser` field says. */
function without(name: string): InputPluginOption {
  return { name: 'without', resolveId: (id) => (id === name ? '\0nothing' : null), load: (id) => (id === '\0nothing' ? 'export default undefined;' : null) };
}

/** bitcoinjs-lib's own circles are harmless; ours are refused by test/architecture.test.ts. */
function complain(warning: RollupLog): void {
  if (warning.code !== 'CIRCULAR_DEPENDENCY' && warning.code !== 'THIS_IS_UNDEFINED') console.error(`rollup: ${warning.message}`);
}
