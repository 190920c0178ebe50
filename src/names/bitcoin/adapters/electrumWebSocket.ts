import { toUtf8Strict } from '../../../lib/bytes.js';
import { NamesteadError } from '../../../lib/errors.js';
import type { Connect, Receiver } from '../../../lib/jsonrpc.js';
import { withoutSecrets } from '../../../lib/url.js';

/** What is used of the platform's `WebSocket`. */
export interface WebSocketLike {
  binaryType: string;
  send(text: string): void;
  close(): void;
  addEventListener(type: 'open' | 'message' | 'error' | 'close', listener: (event: { readonly type: string; readonly data?: unknown }) => void): void;
}

export interface ElectrumWebSocketOptions {
  /** Default: the platform's own, which browsers and Node.js from 22 on have. */
  readonly WebSocket?: new (url: string) => WebSocketLike;
  /** The most milliseconds till the connection stands. Default 10,000. */
  readonly timeout?: number;
}

/**
 * Messages over a WebSocket (`wss://host:port`), for `electrum` in browsers. The platform gathers each message whole before anybody can
 * measure it; one that is larger than what was asked for then ends the connection.
 * @throws NamesteadError from each connection: `HttpFailed`, `HttpTimeout`, `HttpTooLarge`, `HttpMalformed`, `Aborted`
 * @throws TypeError for a URL of another kind, and where the platform has no `WebSocket` and none is given
 */
export function electrumWebSocket({ WebSocket: given, timeout = 10_000 }: ElectrumWebSocketOptions = {}): Connect {
  return (url, receiver, { signal } = {}) =>
    new Promise((resolve, reject) => {
      const socket = open(url, given);
      const where = withoutSecrets(url);
      let standing = false;
      const end = (error: NamesteadError): void => {
        socket.close();
        reject(error);
        receiver.closed(error);
      };
      const late = AbortSignal.timeout(timeout);
      late.addEventListener('abort', () => !standing && end(new NamesteadError('HttpTimeout', `${where} could not be reached in ${timeout} ms`)));
      const stop = (): void => end(new NamesteadError('Aborted', `connecting to ${where} was cancelled`, { cause: signal?.reason }));
      // The platform tells a page nothing of the reason.
      socket.addEventListener('error', () => end(new NamesteadError('HttpFailed', `the connection to ${where} failed`)));
      socket.addEventListener('close', () => end(new NamesteadError('HttpFailed', `${where} ended the connection`)));
      if (signal?.aborted) return void stop();
      signal?.addEventListener('abort', stop, { once: true });
      socket.addEventListener('message', ({ data }) => take(data, where, receiver, end));
      socket.addEventListener('open', () => {
        standing = true;
        signal?.removeEventListener('abort', stop);
        resolve({ send: (text) => socket.send(text), close: () => socket.close() });
      });
    });
}

function open(url: string, given: ElectrumWebSocketOptions['WebSocket']): WebSocketLike {
  if (!/^wss?:\/\/[^/]/.test(url)) throw new TypeError(`${JSON.stringify(withoutSecrets(url))} is not ws://host:port or wss://host:port`);
  const Platform = given ?? globalThis.WebSocket;
  if (typeof Platform !== 'function') throw new TypeError('this platform has no WebSocket: give one, or use electrumTcp');
  const socket = new Platform(url);
  socket.binaryType = 'arraybuffer';
  return socket;
}

function take(data: unknown, where: string, receiver: Receiver, end: (error: NamesteadError) => void): void {
  const size = typeof data === 'string' ? data.length : data instanceof ArrayBuffer ? data.byteLength : Infinity;
  if (size > receiver.room()) return void end(new NamesteadError('HttpTooLarge', `${where} sent a message larger than any answer asked for`));
  try {
    // Some servers end each message with a newline, as on TCP; JSON does not mind.
    receiver.message(typeof data === 'string' ? data : toUtf8Strict(new Uint8Array(data as ArrayBuffer)));
  } catch (cause) {
    end(new NamesteadError('HttpMalformed', `${where} sent a message that is no text`, { cause }));
  }
}
