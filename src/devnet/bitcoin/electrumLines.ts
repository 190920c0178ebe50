import { createServer, type AddressInfo, type Socket } from 'node:net';
import { gather, toUtf8 } from '../../lib/bytes.js';
import { MOST_MESSAGE, type MessageServer, type Visit } from './electrumVisit.js';

const NEWLINE = 10;
const MOST_CLIENTS = 256;
const IDLE_MS = 600_000;
/** What a client has not read yet. */
const MOST_UNREAD = 32 << 20;

/** Serves lines of text over TCP on a free loopback port. A client is read no faster than it is answered. */
export async function serveLines(visit: Visit): Promise<MessageServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    const { message, gone } = visit((text) => {
      socket.write(`${text}\n`);
      if (socket.writableLength > MOST_UNREAD) socket.destroy();
    });
    socket.once('close', () => {
      sockets.delete(socket);
      gone();
    });
    void readLines(socket, message).catch(() => socket.destroy());
  });
  server.maxConnections = MOST_CLIENTS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.on('error', () => undefined);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function readLines(socket: Socket, message: (text: string) => Promise<void>): Promise<void> {
  let line = gather();
  for await (const bytes of socket as AsyncIterable<Uint8Array>) {
    let start = 0;
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, start)) {
      line.add(bytes.subarray(start, at));
      start = at + 1;
      const text = toUtf8(line.bytes());
      line = gather();
      await message(text);
    }
    line.add(bytes.subarray(start));
    if (line.size > MOST_MESSAGE) throw new Error('the line is too long');
  }
}
