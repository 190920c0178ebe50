import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { gather, toUtf8Strict } from '../../../lib/bytes.js';
import { NamesteadError } from '../../../lib/errors.js';
import type { Connect, Receiver } from '../../../lib/jsonrpc.js';
import { withoutSecrets } from '../../../lib/url.js';

const NEWLINE = 10;
/** Where Electrum servers of the main network listen by custom. */
const PORTS = { 'tcp:': 50001, 'ssl:': 50002 } as const;

export interface ElectrumTcpOptions {
  /**
   * SHA-256 of the one certificate to accept, 64 hex digits with or without colons. Most Electrum servers sign their own, and
   * Electrum keeps the one it saw first; the error for a certificate that is not trusted tells its fingerprint, to be checked and pinned.
   */
  readonly fingerprint?: string;
  /** Authorities to trust in place of the machine's, PEM. */
  readonly ca?: string;
  /** The most milliseconds till the connection stands. Default 10,000. */
  readonly timeout?: number;
}

/**
 * Lines over TCP (`tcp://host:port`) or TLS (`ssl://host:port`), for `electrum` in Node.js. Over plain TCP anybody on the way may
 * read and change what is said: what is proved stays proved, what is asked is seen.
 * @throws NamesteadError from each connection: `HttpFailed`, `HttpTimeout`, `HttpTooLarge`, `HttpMalformed`, `Aborted`
 * @throws TypeError for a URL of another kind
 * @example
 * const connect = electrumTcp({ fingerprint: 'a8b9…' });
 */
export function electrumTcp({ fingerprint, ca, timeout = 10_000 }: ElectrumTcpOptions = {}): Connect {
  const pinned = fingerprint?.replace(/:/g, '').toLowerCase();
  if (pinned !== undefined && !/^[0-9a-f]{64}$/.test(pinned)) throw new TypeError('fingerprint is the SHA-256 of a certificate: 64 hex digits');
  return (url, receiver, { signal } = {}) =>
    new Promise((resolve, reject) => {
      const { secure, host, port } = place(url);
      const where = withoutSecrets(url);
      const name = isIP(host) === 0 ? { servername: host } : {};
      // Whether the certificate is good is asked below, where the error can tell its fingerprint; nothing is sent before.
      const socket = secure ? connectTls({ host, port, ...name, ...(ca === undefined ? {} : { ca }), rejectUnauthorized: false }) : connectTcp({ host, port });
      let standing = false;
      const end = (error: NamesteadError): void => {
        socket.destroy();
        reject(error);
        receiver.closed(error);
      };
      const late = AbortSignal.timeout(timeout);
      late.addEventListener('abort', () => !standing && end(new NamesteadError('HttpTimeout', `${where} could not be reached in ${timeout} ms`)));
      const stop = (): void => end(new NamesteadError('Aborted', `connecting to ${where} was cancelled`, { cause: signal?.reason }));
      if (signal?.aborted) return void stop();
      signal?.addEventListener('abort', stop, { once: true });
      socket.setNoDelay(true);
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        standing = true;
        signal?.removeEventListener('abort', stop);
        const fault = secure ? certificateFault(socket as TLSSocket, pinned) : null;
        if (fault !== null) return void end(new NamesteadError('HttpFailed', `${where} ${fault}`));
        readLines(socket, receiver, where, end);
        resolve({ send: (text) => socket.write(`${text}\n`), close: () => socket.destroy() });
      });
      socket.on('error', (cause: Error) => end(new NamesteadError('HttpFailed', `the connection to ${where} failed: ${cause.message}`, { cause })));
      socket.on('close', () => end(new NamesteadError('HttpFailed', `${where} ended the connection`)));
    });
}

function place(url: string): { secure: boolean; host: string; port: number } {
  const { protocol, hostname, port } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '', port: '' };
  if ((protocol !== 'tcp:' && protocol !== 'ssl:') || hostname === '')
    throw new TypeError(`${JSON.stringify(withoutSecrets(url))} is not tcp://host:port or ssl://host:port`);
  return { secure: protocol === 'ssl:', host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || PORTS[protocol] };
}

/** What is wrong with the server's certificate, or null. A pinned one needs no authority, name nor date. */
function certificateFault(socket: TLSSocket, pinned: string | undefined): string | null {
  // An empty object where there is none.
  const seen = socket.getPeerCertificate().fingerprint256.replace(/:/g, '').toLowerCase();
  if (pinned !== undefined) return seen === pinned ? null : `shows the certificate ${seen}, and ${pinned} is pinned`;
  if (socket.authorized) return null;
  return `shows a certificate that is not trusted here (${String(socket.authorizationError)}); if ${seen} is the fingerprint its operator tells, pin it`;
}

function readLines(socket: Socket, receiver: Receiver, where: string, end: (error: NamesteadError) => void): void {
  let line = gather();
  const take = (part: Uint8Array): void => {
    if (line.size + part.length > receiver.room()) throw new NamesteadError('HttpTooLarge', `${where} sent a line larger than any answer asked for`);
    line.add(part);
  };
  socket.on('data', (bytes: Uint8Array) => {
    try {
      let start = 0;
      for (let at = bytes.indexOf(NEWLINE); at !== -1 && !socket.destroyed; at = bytes.indexOf(NEWLINE, start)) {
        take(bytes.subarray(start, at));
        start = at + 1;
        const text = toUtf8Strict(line.bytes());
        line = gather();
        receiver.message(text);
      }
      if (!socket.destroyed) take(bytes.subarray(start));
    } catch (error) {
      end(
        error instanceof NamesteadError && error.code === 'HttpTooLarge'
          ? error
          : new NamesteadError('HttpMalformed', `${where} sent a line that is no text`, { cause: error }),
      );
    }
  });
}
