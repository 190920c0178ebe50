import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import { entries, manifest, root } from '../scripts/entries.js';
import { errorCodes } from '../src/lib/errors.js';

const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...readdirSync(resolve(root, 'docs')).map((file) => `docs/${file}`)].filter(
  (page) => page.endsWith('.md'),
);
const read = (page: string): string => readFileSync(resolve(root, page), 'utf8');
const text = new Map(pages.map((page) => [page, read(page)]));
const sources = readdirSync(resolve(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && path !== join('lib', 'errors.ts'))
  .map((path) => read(`src/${path}`))
  .join('\n');

/** What a reader can copy: each fence marked `ts` is a whole program. */
const programs = pages.flatMap((page) =>
  [...(text.get(page) ?? '').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ''], place) => ({ title: `${page}, ${place + 1}`, page, code })),
);
const folder = resolve(root, '.cache', `docs-${process.pid}`);
mkdirSync(folder, { recursive: true });
const files = programs.map(({ code }, place) => {
  const file = join(folder, `${place}.ts`);
  writeFileSync(file, `${code}\nexport {};\n`);
  return file;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('an error code', () => {
  const documented = [...read('docs/errors.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code);

  test('has one row in docs/errors.md, and each row is a code', () => {
    expect([...documented].sort()).toEqual([...errorCodes].sort());
  });

  test('is used by the sources', () => {
    expect(errorCodes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  });

  test('that a page tells of exists', () => {
    const told =
      /`((?:Header|Consensus|Operation|ZoneFile|Profile|Token|Signature|Signer|Cipher|Name|Anchor|Merkle|Record|Position|Payload|Sender|Transaction|Level|Response|Request|Session|Journal|Registration|Precondition|Storage|Funds|Fee|Http)[A-Z]\w+)`/g;
    // A type may begin like a code, and so do the errors of hubs.
    const unknown = pages.flatMap((page) =>
      [...(text.get(page) ?? '').matchAll(told)].flatMap(([, code = '']) =>
        (errorCodes as readonly string[]).includes(code) || code.endsWith('Error') || new RegExp(`(?:interface|type) ${code}\\b`).test(sources)
          ? []
          : [`${page}: ${code}`],
      ),
    );
    expect(unknown).toEqual([]);
  });
});

describe('a link', () => {
  test.each(pages)('inside %s leads somewhere', (page) => {
    const broken = [...(text.get(page) ?? '').matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].flatMap(([, link = '']) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(resolve(root, target))) return [link];
      return anchor === undefined || !target.endsWith('.md') || anchorsOf(read(target)).includes(anchor) ? [] : [link];
    });
    expect(broken).toEqual([]);
  });

  test('to a script names one that package.json has', () => {
    const { scripts } = manifest as unknown as { readonly scripts: Readonly<Record<string, string>> };
    const named = pages.flatMap((page) => [...(text.get(page) ?? '').matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name));
    expect([...new Set(named)].filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  test('from the table of entry points covers every one', () => {
    const listed = entries.map(({ specifier }) => specifier).filter((specifier) => !read('README.md').includes(`\`${specifier}\``));
    expect(listed).toEqual([]);
  });
});

describe('a public function', () => {
  test('is told of on a page', () => {
    const list = JSON.parse(read('test/exports.json')) as Readonly<Record<string, readonly string[]>>;
    const names = Object.values(list).flatMap((each) => each.filter((name) => !name.startsWith('type ')));
    const all = [...text.values()].join('\n');
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(all))).toEqual([]);
  });
});

describe('an example', () => {
  test('of the README has at most ten lines', () => {
    const [first] = programs.filter(({ page }) => page === 'README.md');
    expect(
      first?.code
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('import ')).length,
    ).toBeLessThanOrEqual(10);
  });

  test('compiles against the public names alone', () => {
    const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(resolve(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config, ts.sys, root);
    const program = ts.createProgram(files, options);
    const said = files.flatMap((file, place) => {
      const source = program.getSourceFile(file);
      return source
        ? [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
            ({ messageText }) => `${programs[place]?.title ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
          )
        : [];
    });
    expect(said).toEqual([]);
  }, 60_000);

  test.each(programs.map(({ title }, place) => ({ title, place })))(
    'runs: $title',
    async ({ place }) => {
      const { code, said } = await run(files[place] ?? '');
      expect(said.replace(/\(node:\d+\) .*\n|\(Use `node .*\n/g, '')).toBe('');
      expect(code).toBe(0);
    },
    60_000,
  );
});

/** As the forges make them: lower case, without signs, spaces to dashes. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  );
}

/** Runs a program as a reader would; what it writes to stderr is its complaint. */
function run(file: string): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), 45_000);
    let said = '';
    child.stderr.on('data', (part: unknown) => (said += String(part)));
    child.on('error', fail).on('close', (code) => {
      clearTimeout(timer);
      done({ code, said });
    });
  });
}
