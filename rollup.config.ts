import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import { transform } from 'esbuild';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { InputPluginOption, OutputOptions, Plugin, RollupLog, RollupOptions } from 'rollup';
import { englishModule, wordList } from './scripts/english.ts';
import { commands, entries, present, root, sourceOf } from './scripts/entries.ts';

const source = resolve(root, 'src');

/** One output module per source module, for Node.js and bundlers; packages stay imports. */
export function libraryOptions(folder: string, lenient: boolean): RollupOptions & { output: OutputOptions[] } {
  const { found } = present([...entries.map((entry) => entry.module), ...commands]);
  const shared: OutputOptions = { dir: folder, preserveModules: true, preserveModulesRoot: source, hoistTransitiveImports: false };
  return {
    input: Object.fromEntries(found.map((module) => [module, sourceOf(module)])),
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && id !== wordList,
    plugins: [englishWords(), typescript(lenient)],
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
      englishWords(),
      typescript(lenient),
      nodeResolve({ browser: true, preferBuiltins: false }),
      plugin(commonjs),
      plugin(json),
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

/** bip39 is only its English words here: `vendor/english`, so that no output imports JSON or brings nine more languages. */
function englishWords(): Plugin {
  const vendored = resolve(source, 'vendor/english.js');
  return {
    name: 'english-words',
    resolveId: (specifier) => (specifier === wordList ? { id: vendored, moduleSideEffects: false } : null),
    load: async (id) => (id === vendored ? englishModule() : null),
  };
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
