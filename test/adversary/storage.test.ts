import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/adapters/clock.js';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8, toHex, toUtf8 } from '../../src/lib/bytes.js';
import { seal } from '../../src/lib/ecies.js';
import { isNamesteadError } from '../../src/lib/errors.js';
import { http } from '../../src/lib/http.js';
import type { Http } from '../../src/lib/http.js';
import { keyAgreementOf, parsePrivateKey, publicKeyOf, signerOf } from '../../src/lib/key.js';
import { gaia, readGaia } from '../../src/storage/adapters/gaia.js';
import { memory } from '../../src/storage/adapters/memory.js';
import { makeSignature, toJsonBytes } from '../../src/storage/content.js';
import { decrypted, encrypted } from '../../src/storage/encrypted.js';
import { enveloped, envelopedBy } from '../../src/storage/enveloped.js';
import { signed, signedBy } from '../../src/storage/signed.js';
import type { Reader, Store } from '../../src/storage/store.js';

const owner = parsePrivateKey('2564552dc144b63283f44b81aed901c7147280251de1b27bc1194c6d532320e0');
const stranger = parsePrivateKey('70857206ad66b593d5970b4d7592067b39450a5bc6a77570933df4a3ee892b4a');
const keys = keyAgreementOf(owner);
const address = addressOf(publicKeyOf(owner));
const text = { contentType: 'text/plain' };
const refusedWith = (code: string): unknown => expect.objectContaining({ code });

const sealedTo = async (plain: string): Promise<Uint8Array> => toJsonBytes(await seal(plain, publicKeyOf(owner)));

async function envelopeOf(plain: string, key = owner): Promise<Uint8Array> {
  const cipherText = await sealedTo(plain);
  return toJsonBytes({ ...(await makeSignature(cipherText, signerOf(key))), cipherText: toUtf8(cipherText) });
}

describe('a host that rewrites sealed files', () => {
  const host = memory();
  const mine = (): Store => encrypted(enveloped(host, signerOf(owner)), keys);
  const edit = async (change: (stored: Record<string, string>) => object): Promise<void> => {
    await mine().put('a', fromUtf8('mine'), text);
    const stored = JSON.parse(toUtf8((await host.get('a'))?.body ?? new Uint8Array(0))) as Record<string, string>;
    await host.put('a', toJsonBytes(change(stored)));
  };

  test('what was put is got when nobody touches it', async () => {
    await edit((stored) => stored);
    expect(toUtf8((await mine().get('a'))?.body ?? new Uint8Array(0))).toBe('mine');
  });

  test('content sealed to the owner’s public key without a signature is refused', async () => {
    await host.put('a', await sealedTo('theirs'));
    await expect(mine().get('a')).rejects.toThrow(refusedWith('SignatureMissingFile'));
  });

  test('content sealed to the owner and signed by another key is refused', async () => {
    await host.put('a', await envelopeOf('theirs', stranger));
    await expect(mine().get('a')).rejects.toThrow(refusedWith('SignerMismatch'));
  });

  test('another’s signature under the owner’s public key is refused', async () => {
    const theirs = JSON.parse(toUtf8(await envelopeOf('theirs', stranger))) as object;
    await host.put('a', toJsonBytes({ ...theirs, publicKey: toHex(publicKeyOf(owner)) }));
    await expect(mine().get('a')).rejects.toThrow(refusedWith('SignatureInvalid'));
  });

  test('ciphertext under the signature of another file is refused', async () => {
    const { cipherText } = JSON.parse(toUtf8(await envelopeOf('theirs', stranger))) as { cipherText: string };
    await edit((stored) => ({ ...stored, cipherText }));
    await expect(mine().get('a')).rejects.toThrow(refusedWith('SignatureInvalid'));
  });

  test('plain bytes are refused, with and without a signature demanded', async () => {
    await host.put('a', fromUtf8('plain'), text);
    await expect(mine().get('a')).rejects.toThrow(refusedWith('SignatureMissingFile'));
    await expect(decrypted(host, keys).get('a')).rejects.toThrow(refusedWith('CipherInvalid'));
  });

  test('a signed envelope with plain text inside is refused', async () => {
    const cipherText = 'plain';
    await host.put('a', toJsonBytes({ ...(await makeSignature(fromUtf8(cipherText), signerOf(owner))), cipherText }));
    await expect(mine().get('a')).rejects.toThrow(refusedWith('CipherInvalid'));
  });

  test('ciphertext cut short or changed is refused without a signature too', async () => {
    const cipher = await seal('mine, and longer than one block', publicKeyOf(owner));
    await host.put('a', toJsonBytes({ ...cipher, cipherText: cipher.cipherText.slice(32) }));
    await expect(decrypted(host, keys).get('a')).rejects.toThrow(refusedWith('CipherMismatch'));
    await host.put('a', toJsonBytes({ ...cipher, iv: '00'.repeat(16) }));
    await expect(decrypted(host, keys).get('a')).rejects.toThrow(refusedWith('CipherMismatch'));
    await host.put('a', (await sealedTo('x')).slice(0, -9));
    await expect(decrypted(host, keys).get('a')).rejects.toThrow(refusedWith('CipherInvalid'));
  });

  test('a file of the owner under another of his paths, or an older version of it, passes: the format binds neither path nor time', async () => {
    await mine().put('a', fromUtf8('first'), text);
    const first = (await host.get('a'))?.body ?? new Uint8Array(0);
    await mine().put('a', fromUtf8('second'), text);
    await host.put('a', first);
    await host.put('b', first);
    expect(toUtf8((await mine().get('a'))?.body ?? new Uint8Array(0))).toBe('first');
    expect(toUtf8((await mine().get('b'))?.body ?? new Uint8Array(0))).toBe('first');
  });

  test('a reader who knows only the bucket’s address refuses a stranger’s file', async () => {
    await host.put('a', await envelopeOf('theirs', stranger));
    await expect(envelopedBy(host, address).get('a')).rejects.toThrow(refusedWith('SignerMismatch'));
    await host.put('a', await envelopeOf('his'));
    expect(await decrypted(envelopedBy(host, address), keys).get('a')).toMatchObject({ body: fromUtf8('his') });
  });
});

describe('a host that rewrites signed public files', () => {
  const host = memory();
  const reader = signedBy(host, address);
  const publish = (): Promise<unknown> => signed(host, signerOf(owner)).put('p.txt', fromUtf8('true'), text);

  test('a file and its signature are read', async () => {
    await publish();
    expect(await reader.get('p.txt')).toMatchObject({ body: fromUtf8('true'), contentType: 'text/plain' });
  });

  test.each<[string, string, (store: Store) => Promise<unknown>]>([
    ['an edited file', 'SignatureInvalid', (store) => store.put('p.txt', fromUtf8('false'))],
    ['a file cut to nothing', 'SignatureInvalid', (store) => store.put('p.txt', new Uint8Array(0))],
    ['a missing signature', 'SignatureMissingFile', (store) => store.remove('p.txt.sig')],
    ['a signature that is none', 'SignatureInvalid', (store) => store.put('p.txt.sig', fromUtf8('<html>'))],
    ['a public key that is none', 'SignatureInvalid', (store) => store.put('p.txt.sig', toJsonBytes({ signature: '30', publicKey: '02' }))],
    [
      'a file and signature by another key',
      'SignerMismatch',
      async (store) => {
        await store.put('p.txt', fromUtf8('false'));
        await store.put('p.txt.sig', toJsonBytes(await makeSignature(fromUtf8('false'), signerOf(stranger))));
      },
    ],
  ])('%s is refused with %s', async (_, code, lie) => {
    await publish();
    await lie(host);
    await expect(reader.get('p.txt')).rejects.toThrow(refusedWith(code));
    await publish();
    expect(await reader.get('p.txt')).toMatchObject({ body: fromUtf8('true') });
  });

  test('a reader between the two writes of an author looks once more and sees the new file', async () => {
    await publish();
    let late = true;
    const slow: Reader = {
      ...host,
      get: async (path, options) => {
        const file = await host.get(path, options);
        if (!late || path !== 'p.txt' || file === null) return file;
        late = false;
        return { ...file, body: fromUtf8('not yet signed') };
      },
    };
    expect(await signedBy(slow, address).get('p.txt')).toMatchObject({ body: fromUtf8('true') });
  });
});

describe('a host on the wire', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });
  const serve = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const impatient: Http = (url, request) => http()(url, { ...request, timeout: 300 });
  const info = { challenge_text: 'sign me please', latest_auth_version: 'v1', max_file_upload_size_megabytes: 1 };

  test('that sends 100 MB, with or without saying so, is cut off at the limit', async () => {
    let sent = 0;
    const flood: RequestListener = (_, response) => {
      const part = new Uint8Array(1 << 16);
      const more = (): void => {
        while (sent < 100 << 20 && !response.destroyed) {
          sent += part.length;
          if (!response.write(part)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    // Only the outcome is looked at: a failure that prints the file would take minutes.
    const outcome = async (at: string): Promise<unknown> => {
      try {
        return (await readGaia({ url: at, limit: 1 << 20 }).get('big'))?.body.length;
      } catch (error) {
        return isNamesteadError(error) ? error.code : error;
      }
    };
    expect(await outcome(await serve(flood))).toBe('HttpTooLarge');
    expect(sent).toBeLessThan(50 << 20);
    const announced = await serve((_, response) => response.writeHead(200, { 'content-length': 100 << 20 }).flushHeaders());
    expect(await outcome(announced)).toBe('HttpTooLarge');
  });

  test('that hangs, closes, or answers HTML is told apart, and is no hub', async () => {
    const hung = gaia({ hub: await serve(() => undefined), signer: signerOf(owner), clock: systemClock(), http: impatient });
    await expect(hung.put('a', fromUtf8('x'))).rejects.toThrow(refusedWith('HttpTimeout'));
    const closing = gaia({ hub: await serve((request) => request.socket.destroy()), signer: signerOf(owner), clock: systemClock() });
    await expect(closing.put('a', fromUtf8('x'))).rejects.toThrow(refusedWith('HttpFailed'));
    const html = gaia({ hub: await serve((_, response) => response.end('<html>Welcome</html>')), signer: signerOf(owner), clock: systemClock() });
    await expect(html.put('a', fromUtf8('x'))).rejects.toThrow(refusedWith('HttpMalformed'));
  });

  test('that cuts an answer short gives no file', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      setImmediate(() => response.destroy());
    });
    await expect(readGaia({ url }).get('a')).rejects.toThrow(refusedWith('HttpFailed'));
  });

  test('that answers listings with other things than names is refused', async () => {
    for (const listing of ['[]', '{"entries":"a"}', '{"entries":[1]}', 'null', '{"entries":["a"],"page":"0"}']) {
      const hub = await serve((request, response) => {
        response.end(request.url === '/hub_info' ? JSON.stringify({ ...info, read_url_prefix: 'http://127.0.0.1/' }) : listing);
      });
      const listed = async (): Promise<void> => {
        for await (const path of gaia({ hub, signer: signerOf(owner), clock: systemClock() }).list()) expect(path).toBe('a');
      };
      await expect(listed()).rejects.toThrow(refusedWith('HttpMalformed'));
    }
  });

  test('that names a stale etag cannot make a write replace what it did not see', async () => {
    const hub = await serve((request, response) => {
      if (request.url === '/hub_info') return void response.end(JSON.stringify({ ...info, read_url_prefix: `http://${request.headers.host ?? ''}/read` }));
      if (request.method === 'GET' || request.method === 'HEAD')
        return void response.writeHead(200, { etag: 'stale' }).end(request.method === 'GET' ? 'old' : '');
      request.resume();
      return void response
        .writeHead(412)
        .end('{"message":"The provided ETag does not match that of the resource on the server","error":"PreconditionFailedError"}');
    });
    const store = gaia({ hub, signer: signerOf(owner), clock: systemClock() });
    const etag = (await store.get('a'))?.etag ?? '';
    await expect(store.put('a', fromUtf8('new'), { condition: { kind: 'match', etag } })).rejects.toThrow(refusedWith('PreconditionFailed'));
  });
});
