import { WebSocketServer, type WebSocket } from 'ws';
import type { AddressInfo } from 'node:net';
import { MOST_MESSAGE, type MessageServer, type Visit } from './electrumVisit.js';

const MOST_CLIENTS = 256;
/** Messages of one client that wait for their turn; while there are so many, no more are read. */
const MOST_WAITING = 64;
/** Bytes that a client has not read yet. */
const MOST_UNREAD = 32 << 20;

/** Serves messages of text over WebSocket on a free loopback port, one at a time for each client. */
export async function serveWebSocket(visit: Visit): Promise<MessageServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: MOST_MESSAGE, perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
  });
  server.on('error', () => undefined);
  server.on('connection', (socket) => {
    if (server.clients.size > MOST_CLIENTS) return void socket.terminate();
    serve(socket, visit);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate();
        server.close(() => resolve());
      }),
  };
}

function serve(socket: WebSocket, visit: Visit): void {
  const { message, gone } = visit((text) => {
    socket.send(text);
    if (socket.bufferedAmount > MOST_UNREAD) socket.terminate();
  });
  let turn = Promise.resolve();
  let waiting = 0;
  socket.on('error', () => socket.terminate());
  socket.on('close', gone);
  socket.on('message', (data: Uint8Array, isBinary) => {
    if (isBinary) return void socket.terminate();
    const text = new TextDecoder().decode(data);
    if (++waiting > MOST_WAITING) socket.pause();
    turn = turn
      .then(() => message(text))
      .catch(() => socket.terminate())
      .finally(() => {
        if (--waiting <= MOST_WAITING && socket.isPaused) socket.resume();
      });
  });
}
