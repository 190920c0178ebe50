import { request as httpRequest, createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { concat, fromUtf8 } from '../../src/lib/bytes.js';
import { startElectrumLiar, type Answer } from '../names/bitcoin/electrumLiar.js';
import { say, startPeerLiar, type PeerLie } from '../names/bitcoin/peerLiar.js';

/** What is wrong with how a server answers, whatever it answers. */
export const manners = ['drip', 'silence', 'flood', 'oversize', 'hangup', 'garbage', 'nested'] as const;
export type Manner = (typeof manners)[number];

/** A server between a client and an honest one. */
export interface WireLiar {
  readonly url: string;
  readonly port: number;
  /** Bytes it could send in its last flood. */
  readonly sent: () => number;
  /** Answers badly from now on; `null`: as the honest server does. */
  behave(manner: Manner | null): void;
  /** Passes on another body, message or result than the honest one; undefined: that. */
  edit(lie: WireEdit): void;
  close(): Promise<void>;
}

/** `what` is the path, the method of a call, or the command of a message. */
export type WireEdit = (what: string, honest: unknown) => unknown;

const PART = fromUtf8(' '.repeat(1 << 16));
const DEEP = `${'['.repeat(5000)}${']'.repeat(5000)}`;

interface Sink {
  write(bytes: Uint8Array): boolean;
  readonly closed: () => boolean;
  onDrain(more: () => void): void;
}

/** Writes for as long as anybody reads. */
function pour(sink: Sink, part: Uint8Array, count: (bytes: number) => void): void {
  const more = (): void => {
    while (!sink.closed()) {
      count(part.length);
      if (!sink.write(part)) {
        sink.onDrain(more);
        return;
      }
    }
  };
  more();
}

function dripInto(sink: Sink, bytes: Uint8Array): void {
  let at = 0;
  const timer = setInterval(() => (sink.closed() ? clearInterval(timer) : sink.write(bytes.subarray(at % bytes.length, (at++ % bytes.length) + 1))), 10);
}

const ofSocket = (socket: Socket): Sink => ({
  write: (bytes) => socket.write(bytes),
  closed: () => socket.destroyed,
  onDrain: (more) => void socket.once('drain', more),
});
const ofResponse = (response: ServerResponse): Sink => ({
  write: (bytes) => response.write(bytes),
  closed: () => response.destroyed || response.writableEnded,
  onDrain: (more) => void response.once('drain', more),
});

/** Before an HTTP server: JSON-RPC is edited by its method, XML-RPC and the rest by the path. */
export async function startHttpLiar(target: string): Promise<WireLiar> {
  let [manner, edit]: [Manner | null, WireEdit] = [null, () => undefined];
  let sent = 0;
  const misbehave = (response: ServerResponse, honest: Uint8Array): void => {
    const sink = ofResponse(response);
    if (manner === 'oversize') response.writeHead(200, { 'content-length': String(2 ** 32) }).write('x');
    else if (manner === 'hangup') {
      response.writeHead(200, { 'content-length': String(honest.length + 10) });
      response.write(honest, () => response.destroy());
    } else if (manner === 'garbage') response.end(Uint8Array.of(0xff, 0xfe, 0x00, 0x9d));
    else if (manner === 'nested') response.end(DEEP);
    else if (manner === 'drip') dripInto(sink, fromUtf8('1'));
    else if (manner === 'flood') pour(sink, PART, (bytes) => (sent += bytes));
  };
  const server = createServer((request, response) => {
    const parts: Uint8Array[] = [];
    request.on('data', (part: Uint8Array) => parts.push(part));
    request.on('end', () => {
      const asked = concat(...parts);
      const path = request.url ?? '/';
      const onward = httpRequest(new URL(path, target), { method: request.method, headers: request.headers }, (answer) => {
        const got: Uint8Array[] = [];
        answer.on('data', (part: Uint8Array) => got.push(part));
        answer.on('end', () => {
          const honest = concat(...got);
          if (manner) {
            misbehave(response, honest);
            return;
          }
          response.statusCode = answer.statusCode ?? 500;
          response.end(edited(path, asked, honest, edit));
        });
      });
      onward.on('error', () => response.destroy());
      onward.end(asked);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    sent: () => sent,
    behave: (next) => ([manner, sent] = [next, 0]),
    edit: (lie) => (edit = lie),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function edited(path: string, asked: Uint8Array, honest: Uint8Array, edit: WireEdit): Uint8Array {
  const call = asked[0] === 0x7b ? (JSON.parse(new TextDecoder().decode(asked)) as { method: string }) : null;
  if (call) {
    const answer = JSON.parse(new TextDecoder().decode(honest)) as { result: unknown };
    const result = edit(call.method, answer.result);
    return result === undefined ? honest : fromUtf8(JSON.stringify({ ...answer, result }));
  }
  const other = edit(path, honest);
  return other instanceof Uint8Array ? other : honest;
}

/** Before an Electrum server over TCP; only what follows the handshake is badly answered. */
export async function startTcpLiar(target: string): Promise<WireLiar> {
  let [manner, edit]: [Manner | null, WireEdit] = [null, () => undefined];
  let sent = 0;
  const misbehave = (socket: Socket, id: number): void => {
    const head = `{"jsonrpc":"2.0","id":${id},"result":`;
    if (manner === 'oversize') socket.write(`${head}"${'0'.repeat(200_000)}"}\n`);
    else if (manner === 'hangup') socket.end(head);
    else if (manner === 'garbage') socket.write(Uint8Array.of(0xff, 0xfe, 0x0a));
    else if (manner === 'nested') socket.write(`${head}${DEEP}}\n`);
    else if (manner === 'drip') dripInto(ofSocket(socket), fromUtf8(' '));
    else if (manner === 'flood') pour(ofSocket(socket), PART, (bytes) => (sent += bytes));
  };
  const liar = await startElectrumLiar(target, (answer, socket, id) => {
    if (!manner) return resultOf(edit, answer);
    if (answer.method.startsWith('server.')) return undefined;
    misbehave(socket, id);
    return 'silence';
  });
  const { url, close } = liar;
  return { url, port: Number(new URL(url).port), sent: () => sent, behave: (next) => ([manner, sent] = [next, 0]), edit: (lie) => (edit = lie), close };
}

function resultOf(edit: WireEdit, { method, result }: Answer): { readonly result: unknown } | undefined {
  const other = edit(method, result);
  return other === undefined ? undefined : { result: other };
}

/** Before an Electrum server over WebSocket. */
export async function startWebSocketLiar(target: string): Promise<WireLiar> {
  let [manner, edit]: [Manner | null, WireEdit] = [null, () => undefined];
  let sent = 0;
  const misbehave = (socket: WebSocket, id: number): void => {
    const head = `{"jsonrpc":"2.0","id":${id},"result":`;
    const closed = (): boolean => socket.readyState !== socket.OPEN;
    if (manner === 'oversize') socket.send(`${head}"${'0'.repeat(200_000)}"}`);
    else if (manner === 'hangup') socket.terminate();
    else if (manner === 'garbage') socket.send('\u0000<html>');
    else if (manner === 'nested') socket.send(`${head}${DEEP}}`);
    else if (manner === 'drip') {
      const timer = setInterval(() => (closed() ? clearInterval(timer) : socket.send(' ', { fin: false })), 10);
    } else if (manner === 'flood') {
      const notice = JSON.stringify({ jsonrpc: '2.0', method: 'x', params: ['0'.repeat(1000)] });
      const more = (): void => {
        if (closed()) return;
        sent += notice.length;
        socket.send(notice, more);
      };
      more();
    }
  };
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (client) => {
    const honest = new WebSocket(target);
    const asked = new Map<number, string>();
    const early: string[] = [];
    honest.on('open', () => early.splice(0).forEach((text) => honest.send(text)));
    client.on('message', (data: Uint8Array) => {
      const text = new TextDecoder().decode(data);
      const { id, method } = JSON.parse(text) as { id: number; method: string };
      asked.set(id, method);
      if (honest.readyState === honest.OPEN) honest.send(text);
      else early.push(text);
    });
    honest.on('message', (data: Uint8Array) => {
      const text = new TextDecoder().decode(data);
      const answer = JSON.parse(text) as { id: number; result: unknown };
      const method = asked.get(answer.id) ?? '';
      if (manner && !method.startsWith('server.')) {
        misbehave(client, answer.id);
        return;
      }
      const result = edit(method, answer.result);
      client.send(result === undefined ? text : JSON.stringify({ ...answer, result }));
    });
    for (const one of [client, honest]) {
      one.on('error', () => undefined);
      one.on('close', () => {
        client.terminate();
        honest.terminate();
      });
    }
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    port,
    sent: () => sent,
    behave: (next) => ([manner, sent] = [next, 0]),
    edit: (lie) => (edit = lie),
    close: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate();
        server.close(() => resolve());
      }),
  };
}

/** Before a node of Bitcoin's peer-to-peer network; nesting is nothing there. */
export async function startP2pLiar(target: { readonly host: string; readonly port: number }): Promise<WireLiar> {
  const liar = await startPeerLiar(target);
  let [manner, edit]: [Manner | null, WireEdit] = [null, () => undefined];
  let sent = 0;
  const lie: PeerLie = (command, payload, socket) => {
    if (!manner) {
      const other = edit(command, payload);
      return other instanceof Uint8Array ? [say(command, other)] : null;
    }
    if (command === 'version' || command === 'verack') return null;
    if (manner === 'drip') dripInto(ofSocket(socket), announced(100_000));
    else if (manner === 'flood')
      pour(ofSocket(socket), concat(...Array.from({ length: 500 }, () => say('ping', new Uint8Array(8)))), (bytes) => (sent += bytes));
    else if (manner === 'hangup') socket.destroy();
    else if (manner === 'garbage') socket.write(new Uint8Array(100).fill(0x9d));
    else if (manner === 'oversize') {
      socket.write(announced(0x7fffffff).subarray(0, 24));
    }
    return [];
  };
  liar.lie(lie);
  const { host, port, close } = liar;
  return { url: `p2p://${host}:${port}`, port, sent: () => sent, behave: (next) => ([manner, sent] = [next, 0]), edit: (next) => (edit = next), close };
}

/** The beginning of a message of so many bytes. */
function announced(length: number): Uint8Array {
  const head = say('headers').slice();
  new DataView(head.buffer).setUint32(16, length, true);
  return concat(head, new Uint8Array(1000));
}
