import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { concat, fromHex, fromUtf8, toBase64 } from '../../../src/lib/bytes.js';

export interface Answer {
  readonly method: string;
  readonly params: readonly unknown[];
  /** What the honest server said. */
  readonly result: unknown;
  readonly error: unknown;
}

/** Gives another answer than the honest one; undefined passes it on. `socket` is there for those who do worse than that. */
export type Lie = (answer: Answer, socket: Socket, id: number) => { readonly result: unknown } | { readonly error: unknown } | 'silence' | undefined;

export interface ElectrumLiar {
  readonly url: string;
  /** How many connections it has seen. */
  readonly seen: () => number;
  close(): Promise<void>;
}

/** An Electrum server in the path of another: it passes every line on and lets `lie` change the answers. */
export async function startElectrumLiar(target: string, lie: Lie): Promise<ElectrumLiar> {
  let seen = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    seen++;
    const honest = connect(Number(new URL(target).port), '127.0.0.1');
    const asked = new Map<number, { method: string; params: readonly unknown[] }>();
    for (const one of [socket, honest]) {
      sockets.add(one);
      one.on('error', () => undefined);
    }
    socket.on('close', () => honest.destroy());
    honest.on('close', () => socket.destroy());
    eachLine(socket, (line) => {
      const call = JSON.parse(line) as { id: number; method: string; params: unknown[] };
      asked.set(call.id, call);
      honest.write(`${line}\n`);
    });
    eachLine(honest, (line) => {
      const { id, result, error } = JSON.parse(line) as { id: number; result: unknown; error: unknown };
      const call = asked.get(id);
      const other = call && lie({ ...call, result, error }, socket, id);
      if (other !== 'silence') socket.write(`${other ? JSON.stringify({ jsonrpc: '2.0', id, ...other }) : line}\n`);
    });
  });
  const port = await listening(server);
  return {
    url: `tcp://127.0.0.1:${port}`,
    seen: () => seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function eachLine(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
}

/** A self-signed certificate for `localhost`, valid for 2020 to 2049 (RFC 5280), with its key. */
export function selfSigned(): { readonly cert: string; readonly key: string; readonly fingerprint: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const body = concat(...parts);
    const length = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
    return concat(Uint8Array.of(tag, ...length), body);
  };
  const text = (tag: number, value: string): Uint8Array => der(tag, fromUtf8(value));
  const algorithm = der(0x30, der(6, fromHex('2a8648ce3d040302')));
  const name = der(0x30, der(0x31, der(0x30, der(6, fromHex('550403')), text(0x0c, 'localhost'))));
  const names = der(0x30, text(0x82, 'localhost'));
  const extension = (id: string, value: Uint8Array): Uint8Array => der(0x30, der(6, fromHex(id)), der(4, value));
  const body = der(
    0x30,
    der(0xa0, der(2, Uint8Array.of(2))),
    der(2, Uint8Array.of(1)),
    algorithm,
    name,
    der(0x30, text(0x17, '200101000000Z'), text(0x17, '491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extension('551d11', names), extension('551d13', der(0x30, der(1, Uint8Array.of(255)))))),
  );
  const whole = der(0x30, body, algorithm, der(3, Uint8Array.of(0), sign('sha256', body, privateKey)));
  const cert = `-----BEGIN CERTIFICATE-----\n${toBase64(whole).replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, fingerprint: new X509Certificate(cert).fingerprint256 };
}
