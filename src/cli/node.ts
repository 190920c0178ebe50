import { startNode } from '../node/node.js';
import type { Call, Command } from './command.js';
import { networkOf } from './networks.js';
import { bitcoindOf } from './sources.js';
import { describe, jsonLine } from './transcript.js';
import { countOf } from './usage.js';

export const nodeCommand: Command = {
  synopsis: '--bitcoind URL [--cookie FILE] [--directory DIR] [--port N] [--peer URL …] [options]',
  about: `A core node of BNS: follows your bitcoind (-txindex), folds every operation, answers XML-RPC and REST, and is an Atlas peer, until Ctrl-C. With a
directory (package lmdb) it goes on where it stood; without, all is in memory.`,
  options: ['network', 'bitcoind', 'cookie', 'directory', 'host', 'port', 'peer'],
  run: runNode,
};

async function runNode(call: Call): Promise<number> {
  const { values, terminal, tell, signal } = call;
  const network = await networkOf(values.network);
  const bitcoin = await bitcoindOf(values);
  const port = countOf(values.port, 'port', 0, 65_535);
  let last = '';
  const onError = (error: unknown): void => {
    const line = describe(error);
    if (line !== last) tell.say(line);
    last = line;
  };
  const node = await startNode({ bitcoin, network, port, host: values.host, peers: values.peer, directory: values.directory, onError });
  try {
    terminal.out.write(values.json ? jsonLine({ ok: true, url: node.url, height: node.height() }) : `core node  ${node.url}\nCtrl-C ends it.\n`);
    await new Promise<void>((done) => {
      if (signal.aborted) done();
      else signal.addEventListener('abort', () => done(), { once: true });
    });
    return 0;
  } finally {
    await node.close();
  }
}
