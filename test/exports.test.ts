import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { entries, manifest, root, sourceOf, type Entry } from '../scripts/entries.js';

const present = entries.filter((entry) => existsSync(sourceOf(entry.module)));
const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(resolve(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config, ts.sys, root);
const program = ts.createProgram(
  present.map((entry) => sourceOf(entry.module)),
  options,
);
const checker = program.getTypeChecker();

/** What an entry exports, aliases followed to where they are declared. */
function exportsOf({ module }: Entry): { name: string; symbol: ts.Symbol }[] {
  const file = program.getSourceFile(sourceOf(module));
  const symbol = file && checker.getSymbolAtLocation(file);
  if (!symbol) throw new Error(`src/${module}.ts is no module`);
  const aliased = (found: ts.Symbol): ts.Symbol => (found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found);
  return checker.getExportsOfModule(symbol).map((found) => ({ name: found.name, symbol: aliased(found) }));
}

describe('the public list', () => {
  test('each entry point of package.json has its source', () => {
    expect(entries.filter((entry) => !present.includes(entry)).map((entry) => entry.specifier)).toEqual([]);
  });

  test('each entry point names its CommonJS twin', () => {
    for (const target of Object.values(manifest.exports)) {
      if (typeof target !== 'string') expect(target.require).toBe(target.default.replace(/\.js$/, '.cjs'));
    }
  });

  test('each adapter has a subpath: its path without `adapters/`', async () => {
    const paths = await readdir(resolve(root, 'src'), { recursive: true });
    const adapters = paths.filter((path) => /(?:^|\/)adapters\/[^/]+\.ts$/.test(path)).map((path) => path.replace(/\.ts$/, ''));
    const expected = adapters.map((path) => [`${manifest.name}/${path.replace(/^lib\//, '').replace('adapters/', '')}`, path]).sort();
    const listed = entries.filter((entry) => entry.module.includes('adapters/')).map((entry) => [entry.specifier, entry.module]);
    expect(listed.sort()).toEqual(expected);
  });

  test('changes only on purpose: run this file with -u, and say so in CHANGELOG.md', async () => {
    const list = Object.fromEntries(
      present.map((entry) => {
        const names = exportsOf(entry).map(({ name, symbol }) => (symbol.flags & ts.SymbolFlags.Value ? name : `type ${name}`));
        return [entry.specifier, names.sort()];
      }),
    );
    await expect(`${JSON.stringify(list, null, 2)}\n`).toMatchFileSnapshot('exports.json');
  });

  test('each public name carries a docstring, on itself or on the members of its type', () => {
    const isSaid = (symbol: ts.Symbol): boolean => symbol.getDocumentationComment(checker).length > 0;
    const isDocumented = (symbol: ts.Symbol): boolean =>
      isSaid(symbol) || (!(symbol.flags & ts.SymbolFlags.Value) && checker.getDeclaredTypeOfSymbol(symbol).getProperties().some(isSaid));
    const bare = present.flatMap((entry) =>
      exportsOf(entry)
        .filter(({ symbol }) => !isDocumented(symbol))
        .map(({ name }) => `${entry.specifier}: ${name}`),
    );
    expect(bare).toEqual([]);
  });

  test('each type of ours that a public signature names is public too', () => {
    const listed = new Set(present.flatMap(exportsOf).map(({ symbol }) => symbol));
    const unnamed = new Set<string>();
    const visit = (node: ts.Node, user: string): void => {
      if (ts.isBlock(node) || (node.parent && ts.isFunctionLike(node.parent) && 'body' in node.parent && node === node.parent.body)) return;
      const name = ts.isTypeReferenceNode(node) ? node.typeName : ts.isExpressionWithTypeArguments(node) ? node.expression : null;
      const symbol = name && checker.getSymbolAtLocation(name);
      const type = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const isOurs =
        type && !(type.flags & ts.SymbolFlags.TypeParameter) && type.declarations?.some((at) => at.getSourceFile().fileName.startsWith(`${root}/src/`));
      if (isOurs && !listed.has(type)) unnamed.add(`${type.name}, of ${user}`);
      ts.forEachChild(node, (child) => visit(child, user));
    };
    for (const { symbol } of present.flatMap(exportsOf)) for (const declaration of symbol.declarations ?? []) visit(declaration, symbol.name);
    expect([...unnamed]).toEqual([]);
  });

  test('no name means two things in the browser file', () => {
    const homes = new Map<string, ts.Symbol>();
    const clashes: string[] = [];
    for (const { name, symbol } of present.filter((entry) => entry.browser).flatMap(exportsOf)) {
      if (!(symbol.flags & ts.SymbolFlags.Value)) continue;
      if ((homes.get(name) ?? symbol) !== symbol) clashes.push(name);
      homes.set(name, symbol);
    }
    expect(clashes).toEqual([]);
  });
});

describe('a browser', () => {
  test.each(present.filter((entry) => entry.browser))('needs nothing of Node.js for $specifier', async ({ module }) => {
    const { metafile } = await build({
      entryPoints: [sourceOf(module)],
      absWorkingDir: root,
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      metafile: true,
      logLevel: 'silent',
    });
    const needed = Object.values(metafile.inputs).flatMap((input) => input.imports.map(({ path }) => path));
    expect(needed.filter((path) => path.startsWith('node:') || builtinModules.includes(path))).toEqual([]);
  });
});
