import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NamesteadError } from '../../src/lib/errors.js';
import { fromUtf8, toUtf8 } from '../../src/lib/bytes.js';
import { http, parseJson } from '../../src/lib/http.js';
import { parseToken } from '../../src/lib/token.js';
import { toBase64Url } from '../../src/lib/bytes.js';

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe('a server on the wire', () => {
  test('that cuts its answer into single bytes costs no more than the bytes', async () => {
    const count = 300_000;
    let left = count;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        for (let i = 0; i < 1000 && left > 0; i++, left--) controller.enqueue(Uint8Array.of(120));
        if (left === 0) controller.close();
      },
    });
    const answer = await http(() => Promise.resolve(new Response(body)))('https://a.example/');
    expect(answer.body.length).toBe(count);
    expect(answer.body.every((byte) => byte === 120)).toBe(true);
  });

  test('that sends the client elsewhere is not followed', async () => {
    let reached = false;
    const inside = await serve((_, response) => {
      reached = true;
      response.end('secret');
    });
    const url = await serve((_, response) => response.writeHead(302, { location: inside }).end());
    await expect(http()(url)).rejects.toMatchObject({ code: 'HttpFailed', message: expect.stringMatching(/redirect/) as string });
    // Not even by a caller who asks for it.
    await expect(http()(url, { redirect: 'follow' } as object)).rejects.toMatchObject({ code: 'HttpFailed' });
    expect(reached).toBe(false);
  });

  test('that drips a byte at a time is let go when time is up', async () => {
    const url = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    });
    await expect(http()(url, { timeout: 300 })).rejects.toMatchObject({ code: 'HttpTimeout' });
  });

  test('that drips is let go though the memory is swept meanwhile, by time or by the caller', async () => {
    setFlagsFromString('--expose-gc');
    const sweep = runInNewContext('gc') as () => void;
    const url = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const sweeps = setInterval(sweep, 10);
    onTestFinished(() => clearInterval(sweeps));
    const asked = Array.from({ length: 10 }, () => http()(url, { timeout: 300 }).catch((error: unknown) => error));
    expect(await Promise.all(asked)).toEqual(asked.map(() => expect.objectContaining({ code: 'HttpTimeout' }) as unknown));
    const givenUp = Array.from({ length: 10 }, () => http()(url, { signal: AbortSignal.timeout(300) }).catch((error: unknown) => error));
    expect(await Promise.all(givenUp)).toEqual(givenUp.map(() => expect.objectContaining({ code: 'Aborted' }) as unknown));
  }, 5_000);

  test('that packs a bomb is let go at the limit', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(new Uint8Array(50 << 20));
    const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    const outcome = await http()(url).then(
      ({ body }) => body.length,
      (error: unknown) => (error as NamesteadError).code,
    );
    expect(outcome).toBe('HttpTooLarge');
  });

  test('that nests its JSON deeper than anybody walks is refused', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    expect(() => parseJson(fromUtf8(deep), 'a host')).toThrow(expect.objectContaining({ code: 'HttpMalformed' }));
    expect(() => parseJson(fromUtf8(`{"a":"${'[{'.repeat(1000)}\\"["}`), 'a host')).not.toThrow();
    const part = (text: string): string => toBase64Url(fromUtf8(text));
    const token = `${part('{"typ":"JWT","alg":"ES256K"}')}.${part(`{"claim":${deep}}`)}.${'A'.repeat(86)}`;
    expect(() => parseToken(token)).toThrow(expect.objectContaining({ code: 'TokenInvalid' }));
  });
});

describe('a URL that cannot be asked', () => {
  test.each([
    '',
    'nonsense',
    '//a.example/',
    'ftp://a.example/',
    'data:text/plain,x',
    'file:///etc/passwd',
    'http://',
    'user:hunter2@a.example',
    'https://user:hunter2@a.example/?token=t0ken',
  ])('%j is the caller’s mistake, and nothing secret of it is told', async (url) => {
    let asked = false;
    const ask = http(() => {
      asked = true;
      return Promise.resolve(new Response(''));
    });
    const error: unknown = await ask(url).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(TypeError);
    expect(asked).toBe(false);
    expect(String(error)).not.toMatch(/hunter2|t0ken/);
  });
});

describe('an error', () => {
  test('carries no character that a terminal or a log obeys', () => {
    const { message } = new NamesteadError('ServerFailed', 'said \u001b]0;owned\u0007 \u009b2J \u202e\u2066 \r\nroot: ok \u2028 fine ✓ é');
    expect(message).toMatch(/fine ✓ é$/);
    expect(message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    expect(toUtf8(fromUtf8(message))).toBe(message);
  });
});
