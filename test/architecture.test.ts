import { relative, resolve, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

// The rules of docs/architecture.md. Where one is wrong, change it there in words and here in code, in one commit.

const root = resolve(import.meta.dirname, '..');
const source = resolve(root, 'src');

/** What each room may import besides itself. */
const slices: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  names: ['lib'],
  zones: ['lib', 'names'],
  profiles: ['lib', 'names', 'zones'],
  wallet: ['lib'],
  storage: ['lib'],
  auth: ['lib', 'names', 'zones', 'profiles', 'wallet'],
  'client.ts': ['lib', 'names', 'zones', 'profiles', 'wallet', 'storage', 'auth'],
  'index.ts': ['lib', 'names', 'zones', 'profiles', 'wallet', 'storage', 'auth', 'client.ts'],
  node: ['lib', 'names', 'zones', 'profiles', 'wallet', 'storage', 'auth'],
  hub: ['lib', 'names', 'zones', 'profiles', 'wallet', 'storage', 'auth'],
  devnet: ['lib', 'names', 'zones', 'profiles', 'wallet', 'storage', 'auth', 'client.ts', 'index.ts', 'node', 'hub'],
  cli: ['lib', 'names', 'zones', 'profiles', 'wallet', 'storage', 'auth', 'client.ts', 'index.ts', 'node', 'hub', 'devnet'],
};

/** The one file through which each package enters. */
const doors: Readonly<Record<string, string>> = {
  '@noble/hashes': 'lib/hash.ts',
  '@noble/secp256k1': 'lib/key.ts',
  'cross-fetch': 'lib/http.ts',
  jsontokens: 'lib/tokenVerifier.ts',
  bip39: 'wallet/mnemonic.ts',
  'bitcoinjs-lib': 'names/bitcoin/payment.ts',
  lmdb: 'node/database.ts',
  ws: 'devnet/bitcoin/websocket.ts',
};

const mayTouchTheWorld = (file: string): boolean => /^(?:node|hub|devnet|cli)\/|\/adapters\//.test(file);
const isAdapter = (file: string): boolean => file.includes('/adapters/');
const isProgram = (file: string): boolean => file === 'cli/main.ts';

/** Globals that are the world, and the files that may name one nevertheless. */
const world: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [
      ...['window', 'document', 'location', 'history', 'navigator', 'localStorage', 'sessionStorage', 'indexedDB', 'caches', 'self', 'top', 'opener'],
      ...['XMLHttpRequest', 'WebSocket', 'EventSource', 'Worker', 'BroadcastChannel', 'addEventListener', 'postMessage', 'open', 'alert'],
      ...[
        'setTimeout',
        'setInterval',
        'setImmediate',
        'queueMicrotask',
        'requestAnimationFrame',
        'performance',
        'process',
        'require',
        'module',
        'console',
        'Buffer',
      ],
    ].map((name) => [name, []]),
  ),
  fetch: ['lib/http.ts'],
  crypto: ['lib/key.ts', 'lib/cipher.ts'],
};

interface Import {
  readonly specifier: string;
  /** The file of ours that is meant, relative to `src/`. */
  readonly file: string | undefined;
}

const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(resolve(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config, ts.sys, root);
const program = ts.createProgram(ts.sys.readDirectory(source, ['.ts']), options);
const checker = program.getTypeChecker();
const files = new Map(
  program
    .getSourceFiles()
    .filter((file) => file.fileName.startsWith(source))
    .map((file) => [nameOf(file.fileName), file]),
);
const imports = new Map([...files].map(([name, file]) => [name, importsOf(file)]));

function nameOf(path: string): string {
  return relative(source, path).split(sep).join('/');
}

function roomOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function importsOf(file: ts.SourceFile): Import[] {
  const found: Import[] = [];
  visit(file, (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined) return;
    found.push({ specifier, file: specifier.startsWith('.') ? nameOf(resolve(file.fileName, '..', specifier.replace(/\.js$/, '.ts'))) : undefined });
  });
  return found;
}

function specifierOf(node: ts.Node): string | undefined {
  const named = ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined;
  const called = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments[0] : undefined;
  const typed = ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  const text = named ?? called ?? typed;
  return text && ts.isStringLiteralLike(text) ? text.text : undefined;
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => {
    visit(child, see);
  });
}

/** `file:line: what`, for every node of every file where `fault` has a word to say. */
function faults(fault: (node: ts.Node, file: string) => string | undefined): string[] {
  const found: string[] = [];
  for (const [name, file] of files) {
    visit(file, (node) => {
      const what = fault(node, name);
      if (what !== undefined) found.push(`${name}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}: ${what}`);
    });
  }
  return found;
}

function eachImport(fault: (from: string, to: Import) => string | undefined): string[] {
  return [...imports].flatMap(([from, list]) => list.flatMap((to) => fault(from, to) ?? []).map((what) => `${from}: ${what}`));
}

describe('rule 1', () => {
  test('a slice imports only slices to its left', () => {
    expect(
      eachImport((from, { file }) => {
        if (file === undefined || roomOf(from) === roomOf(file)) return undefined;
        const allowed = slices[roomOf(from)];
        if (!allowed) return `${roomOf(from)} is no room of the plan`;
        return allowed.includes(roomOf(file)) ? undefined : `imports ${file}`;
      }),
    ).toEqual([]);
  });

  test('every import of ours leads to a file', () => {
    expect(eachImport((_from, { file, specifier }) => (file === undefined || files.has(file) ? undefined : `${specifier} leads nowhere`))).toEqual([]);
  });

  test('no import leads back to where it came from', () => {
    expect(circles()).toEqual([]);
  });
});

function circles(): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (path.includes(file) || done.has(file)) return;
    for (const { file: next } of imports.get(file) ?? []) if (next !== undefined) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of files.keys()) walk(file, []);
  return found;
}

describe('rule 2: only adapters, node, hub, devnet and cli touch the world', () => {
  test('no other file imports a module of Node.js', () => {
    expect(eachImport((from, { specifier }) => (specifier.startsWith('node:') && !mayTouchTheWorld(from) ? specifier : undefined))).toEqual([]);
  });

  test('no other file names the DOM, browser storage, timers or the process', () => {
    expect(
      faults((node, file) => {
        if (mayTouchTheWorld(file) || !ts.isIdentifier(node) || !Object.hasOwn(world, node.text) || world[node.text]?.includes(file) === true) return undefined;
        return isGlobal(node) ? node.text : undefined;
      }),
    ).toEqual([]);
  });

  test('no other file asks the clock or the dice', () => {
    const asks = /^(?:Date\.now|Math\.random|performance\.now|AbortSignal\.timeout)$/;
    expect(
      faults((node, file) => {
        if (mayTouchTheWorld(file)) return undefined;
        if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) return 'new Date()';
        if (!ts.isPropertyAccessExpression(node) || !asks.test(node.getText())) return undefined;
        return file === 'lib/http.ts' && node.getText() === 'AbortSignal.timeout' ? undefined : node.getText();
      }),
    ).toEqual([]);
  });
});

/** True for a use of the platform's own, also through `globalThis`; a property or a variable of that name is something else. */
function isGlobal(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return ts.isIdentifier(parent.expression) && parent.expression.text === 'globalThis';
  const declarations = checker.getSymbolAtLocation(node)?.declarations ?? [];
  if (declarations.some((declaration) => declaration.parent.kind === ts.SyntaxKind.TypeLiteral || ts.isPropertySignature(declaration))) return false;
  return declarations.length > 0 && declarations.every((declaration) => declaration.getSourceFile().isDeclarationFile);
}

describe('rule 3: inside the library nobody imports an adapter', () => {
  test('only node, hub, devnet and cli do', () => {
    const may = (from: string): boolean => /^(?:node|hub|devnet|cli)\//.test(from);
    expect(eachImport((from, { file }) => (file !== undefined && isAdapter(file) && !may(from) ? `imports ${file}` : undefined))).toEqual([]);
  });
});

describe('rule 4: each package enters through one file', () => {
  test('and no package but those', () => {
    expect(
      eachImport((from, { specifier, file }) => {
        if (file !== undefined || specifier.startsWith('node:')) return undefined;
        const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
        return doors[name] === from ? undefined : `imports ${specifier}, whose door is ${doors[name] ?? 'not built'}`;
      }),
    ).toEqual([]);
  });
});

describe('rule 5', () => {
  test('no any', () => {
    expect(faults((node) => (node.kind === ts.SyntaxKind.AnyKeyword ? 'any' : undefined))).toEqual([]);
  });

  test('no non-null assertion', () => {
    expect(faults((node) => (ts.isNonNullExpression(node) ? node.getText() : undefined))).toEqual([]);
  });

  test('no Buffer', () => {
    expect(faults((node) => (ts.isIdentifier(node) && node.text === 'Buffer' ? 'Buffer' : undefined))).toEqual([]);
  });

  test('no export *', () => {
    expect(
      faults((node) => (ts.isExportDeclaration(node) && (!node.exportClause || ts.isNamespaceExport(node.exportClause)) ? 'export *' : undefined)),
    ).toEqual([]);
  });

  test('no default export', () => {
    const isDefault = (node: ts.Node): boolean =>
      ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword || (ts.isExportSpecifier(node) && node.name.text === 'default');
    expect(faults((node) => (isDefault(node) && !ts.isDefaultClause(node.parent) ? 'default export' : undefined))).toEqual([]);
  });

  test('no top-level side effect, and no top-level state', () => {
    expect(faults((node, file) => (!ts.isSourceFile(node) && ts.isSourceFile(node.parent) && !isProgram(file) ? sideEffect(node) : undefined))).toEqual([]);
  });
});

const harmless: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.ExportDeclaration,
  ts.SyntaxKind.FunctionDeclaration,
  ts.SyntaxKind.InterfaceDeclaration,
  ts.SyntaxKind.TypeAliasDeclaration,
  ts.SyntaxKind.EndOfFileToken,
]);

function sideEffect(node: ts.Node): string | undefined {
  if (harmless.has(node.kind)) return undefined;
  if (ts.isImportDeclaration(node)) return node.importClause ? undefined : 'an import for its effect';
  if (ts.isClassDeclaration(node)) return node.members.some((member) => isEffectiveMember(member)) ? 'a class that runs code' : undefined;
  if (!ts.isVariableStatement(node)) return 'a statement';
  if (!(node.declarationList.flags & ts.NodeFlags.Const)) return 'a variable';
  return node.declarationList.declarations.some(({ initializer }) => initializer && !isPure(initializer))
    ? 'a call that is not marked /* @__PURE__ */'
    : undefined;
}

function isEffectiveMember(member: ts.ClassElement): boolean {
  const isStatic = ts.canHaveModifiers(member) && ts.getModifiers(member)?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) === true;
  return (
    ts.isClassStaticBlockDeclaration(member) ||
    (isStatic && ts.isPropertyDeclaration(member) && member.initializer !== undefined && !isPure(member.initializer))
  );
}

/** Functions are not called by being written down; anything else counts through all its parts. */
function isPure(node: ts.Node): boolean {
  if (ts.isArrowFunction(node) || ts.isFunctionExpression(node) || ts.isTypeNode(node)) return true;
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return isMarkedPure(node) && (node.arguments ?? []).every(isPure);
  if (ts.isTaggedTemplateExpression(node) || ts.isAwaitExpression(node) || ts.isDeleteExpression(node)) return false;
  if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) return false;
  return ts.forEachChild(node, (child) => (isPure(child) ? undefined : child)) === undefined;
}

function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** The mark stands before the call, or before the value of which it is the outermost part. */
function isMarkedPure(node: ts.Node): boolean {
  return /[@#]__PURE__/.test(node.getFullText().slice(0, node.getLeadingTriviaWidth()));
}
