import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { readMessages } from '../../../src/names/bitcoin/peer.js';
import { encodeMessage, peerNetworks } from '../../../src/names/bitcoin/peerMessage.js';

export const { magic } = peerNetworks.regtest;
export const say = (command: string, payload?: Uint8Array): Uint8Array => encodeMessage(magic, command, payload);

/** What the liar makes of a message that the node behind it sends: the bytes to send instead. `null`: the honest ones. */
export type PeerLie = (command: string, payload: Uint8Array, socket: Socket) => readonly Uint8Array[] | null;

export interface PeerLiar {
  readonly host: string;
  readonly port: number;
  /** How many connections there were. */
  readonly visits: () => number;
  lie(next: PeerLie): void;
  close(): Promise<void>;
}

/** Stands between a client and an honest node, and edits what the node says. */
export async function startPeerLiar(node: { readonly host: string; readonly port: number }): Promise<PeerLiar> {
  let edit: PeerLie = () => null;
  let visits = 0;
  const sockets = new Set<Socket>();
  const relay = async (client: Socket, behind: Socket): Promise<void> => {
    const parts = behind[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
    const next = readMessages({ read: async () => (await parts.next()).value ?? null }, magic);
    for (;;) {
      const { command, payload } = await next();
      for (const bytes of edit(command, payload, client) ?? [say(command, payload)]) client.write(bytes);
    }
  };
  const server = createServer((client) => {
    visits++;
    const behind = connect(node);
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        client.destroy();
        behind.destroy();
      });
    }
    client.pipe(behind);
    relay(client, behind).catch(() => client.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    visits: () => visits,
    lie: (next) => (edit = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
