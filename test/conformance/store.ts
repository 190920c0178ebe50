import type { Store } from '../../src/storage/store.js';

/** What a store or a wrapper does not keep, so that the laws of it do not apply. */
export interface StoreTraits {
  /** Whether `get` answers the content type that was put. Encrypted files have no room for it. Default true. */
  readonly keepsContentType?: boolean;
  /** Whether `head` tells the size of what was put. Default true. */
  readonly tellsSize?: boolean;
  /** Whether other bytes than text can be put. Default true. */
  readonly takesBytes?: boolean;
  /** Whether an overwrite with the same bytes gets another etag. Default false: hashes do not. */
  readonly versions?: boolean;
}

export interface Law {
  readonly title: string;
  /** Throws when the store breaks the law. `store` is empty. */
  readonly check: (store: Store) => Promise<void>;
}

/** The laws of {@link Store}, free of any test runner, so that they run in a browser too. */
export function storeLaws({ keepsContentType = true, tellsSize = true, takesBytes = true, versions = false }: StoreTraits = {}): readonly Law[] {
  const laws: Law[] = [
    {
      title: 'a file that was never put is null, has no head and cannot be removed',
      check: async (store) => {
        same(await store.get('nothing.txt'), null);
        same(await store.head('nothing.txt'), null);
        same(await store.remove('nothing.txt'), false);
        same(await all(store.list()), []);
      },
    },
    {
      title: 'what was put is got',
      check: async (store) => {
        await store.put('a.txt', utf8('hello'), { contentType: 'text/plain' });
        same(await textAt(store, 'a.txt'), 'hello');
      },
    },
    {
      title: 'the last put is got, longer or shorter',
      check: async (store) => {
        for (const text of ['middle', 'much longer than before', 's', '']) {
          await store.put('a.txt', utf8(text), { contentType: 'text/plain' });
          same(await textAt(store, 'a.txt'), text);
        }
      },
    },
    {
      title: 'the empty file is a file',
      check: async (store) => {
        await store.put('empty', new Uint8Array(0));
        same((await store.get('empty'))?.body.length, 0);
        same(await all(store.list()), ['empty']);
      },
    },
    {
      title: 'text keeps its byte order mark, its line ends and every plane of Unicode',
      check: async (store) => {
        const text = '\uFEFFhéllo\r\n漢字 🔐\u0000end';
        await store.put('t.txt', utf8(text), { contentType: 'text/plain' });
        same(await textAt(store, 't.txt'), text);
      },
    },
    {
      title: 'paths with folders, spaces, quotes, percent signs, question marks and umlauts stay apart',
      check: async (store) => {
        const paths = ['a', 'b/c/d.json', 'sp ace', 'qu\'ote"', '100%', '%41', 'a?b=c', 'a#b', 'ü/漢.txt', 'a+b&c', '.hidden', 'x.y.z', 'CASE/x'];
        for (const path of paths) await store.put(path, utf8(path));
        for (const path of paths) same(await textAt(store, path), path);
        same((await all(store.list())).sort(), [...paths].sort());
      },
    },
    {
      title: 'a path that leaves its store, or is none, is refused by every call',
      check: async (store) => {
        const paths = [
          '',
          '/',
          '/a',
          'a/',
          'a//b',
          '.',
          '..',
          '../a',
          'a/../b',
          'a/./b',
          'a..b',
          'a\0b',
          'a/..',
          '\uD800',
          'x'.repeat(4097),
          'x/'.repeat(100) + 'x',
        ];
        for (const path of paths) {
          await refused(store.get(path), 'PathInvalid');
          await refused(store.head(path), 'PathInvalid');
          await refused(store.put(path, utf8('x')), 'PathInvalid');
          await refused(store.remove(path), 'PathInvalid');
        }
        same(await all(store.list()), []);
      },
    },
    {
      title: 'a removed file is gone and can be made again',
      check: async (store) => {
        await store.put('a', utf8('1'));
        same(await store.remove('a'), true);
        same(await store.get('a'), null);
        same(await store.remove('a'), false);
        await store.put('a', utf8('2'), { condition: { kind: 'create' } });
        same(await textAt(store, 'a'), '2');
      },
    },
    {
      title: 'list answers each path once, and those of a prefix alone',
      check: async (store) => {
        for (const path of ['n/1', 'n/2', 'n2', 'm/n/1']) await store.put(path, utf8('x'));
        same((await all(store.list())).sort(), ['m/n/1', 'n/1', 'n/2', 'n2']);
        same((await all(store.list('n/'))).sort(), ['n/1', 'n/2']);
        same((await all(store.list('n'))).sort(), ['n/1', 'n/2', 'n2']);
        same(await all(store.list('no')), []);
      },
    },
    {
      title: 'get, head and put agree on the etag',
      check: async (store) => {
        const { etag } = await store.put('a', utf8('1'));
        const bare = (text: string | null | undefined): string | undefined => text?.replace(/^W\/|"/g, '');
        same(bare((await store.get('a'))?.etag), bare(etag));
        same(bare((await store.head('a'))?.etag), bare(etag));
        const second = await store.put('a', utf8('2'));
        if (bare(second.etag) === bare(etag)) throw new Error('two contents have one etag');
      },
    },
    {
      title: 'create makes a new file and leaves one that exists',
      check: async (store) => {
        await store.put('a', utf8('1'), { condition: { kind: 'create' } });
        await refused(store.put('a', utf8('2'), { condition: { kind: 'create' } }), 'PreconditionFailed');
        same(await textAt(store, 'a'), '1');
      },
    },
    {
      title: 'match replaces the version it names and no other, as put or get named it',
      check: async (store) => {
        const first = await store.put('a', utf8('1'));
        await store.put('a', utf8('2'), { condition: match(first.etag) });
        await refused(store.put('a', utf8('3'), { condition: match(first.etag) }), 'PreconditionFailed');
        await refused(store.put('b', utf8('3'), { condition: match(first.etag) }), 'PreconditionFailed');
        same(await textAt(store, 'a'), '2');
        same(await store.get('b'), null);
        await store.put('a', utf8('4'), { condition: match((await store.get('a'))?.etag) });
        await store.put('a', utf8('5'), { condition: match((await store.head('a'))?.etag) });
        same(await textAt(store, 'a'), '5');
      },
    },
    {
      title: 'a removal happens under its condition only',
      check: async (store) => {
        const first = await store.put('a', utf8('1'));
        const second = await store.put('a', utf8('2'));
        await refused(store.remove('a', { condition: match(first.etag) }), 'PreconditionFailed');
        same(await textAt(store, 'a'), '2');
        same(await store.remove('a', { condition: match(second.etag) }), true);
      },
    },
    {
      title: 'of many that create one file exactly one succeeds, and its bytes stay',
      check: async (store) => {
        const texts = ['0', '1', '2', '3', '4', '5'];
        const outcomes = await Promise.allSettled(texts.map((text) => store.put('race', utf8(text), { condition: { kind: 'create' } })));
        const winners = texts.filter((_, i) => outcomes[i]?.status === 'fulfilled');
        same(winners.length, 1);
        same(await textAt(store, 'race'), winners[0]);
      },
    },
    {
      title: 'a call that was cancelled before it began does nothing',
      check: async (store) => {
        const signal = AbortSignal.abort();
        await refused(store.put('a', utf8('1'), { signal }), 'Aborted');
        await refused(store.get('a', { signal }), 'Aborted');
        same(await store.get('a'), null);
      },
    },
    {
      title: 'the caller’s buffer and the store’s are not one',
      check: async (store) => {
        const body = utf8('abc');
        await store.put('a', body, { contentType: 'text/plain' });
        body.fill(0);
        (await store.get('a'))?.body.fill(0);
        same(await textAt(store, 'a'), 'abc');
      },
    },
  ];
  if (keepsContentType) {
    laws.push({
      title: 'the content type is kept; without one it is application/octet-stream',
      check: async (store) => {
        await store.put('a', utf8('{}'), { contentType: 'application/json' });
        await store.put('b', utf8('x'));
        same((await store.get('a'))?.contentType, 'application/json');
        same((await store.head('a'))?.contentType, 'application/json');
        same((await store.get('b'))?.contentType, 'application/octet-stream');
        await store.put('a', utf8('{}'), { contentType: 'text/css' });
        same((await store.get('a'))?.contentType, 'text/css');
      },
    });
  }
  if (tellsSize) {
    laws.push({
      title: 'head tells the size',
      check: async (store) => {
        await store.put('a', new Uint8Array(12_345));
        same((await store.head('a'))?.size, 12_345);
      },
    });
  }
  if (takesBytes) {
    laws.push({
      title: 'every byte value comes back, and a megabyte of them',
      check: async (store) => {
        const body = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
        await store.put('bytes', body);
        const got = (await store.get('bytes'))?.body ?? new Uint8Array(0);
        same(got.length, body.length);
        same(
          got.findIndex((byte, i) => byte !== body[i]),
          -1,
        );
      },
    });
  }
  if (versions) {
    laws.push({
      title: 'a file that changed and changed back has another etag',
      check: async (store) => {
        const first = await store.put('a', utf8('1'));
        await store.put('a', utf8('2'));
        await store.put('a', utf8('1'));
        await refused(store.put('a', utf8('3'), { condition: match(first.etag) }), 'PreconditionFailed');
      },
    });
  }
  return laws;
}

function match(etag: string | null | undefined): { readonly kind: 'match'; readonly etag: string } {
  if (!etag) throw new Error('the store told no etag');
  return { kind: 'match', etag };
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

async function textAt(store: Store, path: string): Promise<string | null> {
  const file = await store.get(path);
  return file && new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(file.body);
}

async function all(paths: AsyncIterable<string>): Promise<string[]> {
  const out: string[] = [];
  for await (const path of paths) out.push(path);
  return out;
}

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`expected ${b}, got ${a}`);
}

async function refused(work: Promise<unknown>, code: string): Promise<void> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error === null) throw new Error(`expected ${code}, got no error`);
  const got = (error as { code?: unknown }).code;
  if (got !== code) throw new Error(`expected ${code}, got ${String(got)}`, { cause: error });
}
