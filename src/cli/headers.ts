import { syncHeaders } from '../names/bitcoin/chain.js';
import { answer } from './answer.js';
import type { Command } from './command.js';
import { groups } from './options.js';
import { headersOf, parseAnchor, withSession, type Session } from './session.js';
import { usage } from './usage.js';

export const headersSyncCommand: Command = {
  synopsis: '--esplora URL | --electrum URL | --bitcoind URL | --p2p HOST:PORT … [options]',
  about: `Fetches block headers, checks every one by Bitcoin's rules, and keeps them in a file for later commands. The heaviest valid chain of all sources
wins. On mainnet they begin at the release's checkpoint, or with --full at the genesis block (75 MB).`,
  options: ['network', ...groups.bitcoin, 'anchor', ...groups.chain],
  run: (call) => withSession(call, sync),
};

async function sync(session: Session): Promise<number> {
  const { call, network, kept, clock } = session;
  if (kept.path === null) throw usage(`--headers FILE is needed: on ${network.name} no place is the default, since its chains come and go`);
  call.hint = 'What was checked is kept: the same command goes on from there.';
  const sources = headersOf(session);
  const anchor = parseAnchor(call.values.anchor, network);
  const chain = await session.chain();
  const before = chain.tip().height;
  const { agreed, disagreed, tip } = await syncHeaders(chain, sources, { ...session.sync, anchor, signal: call.signal, onProgress: call.tell.progress });
  const age = Math.max(0, Math.round(clock.now() / 1000 - tip.time));
  const told = {
    ok: true,
    file: kept.path,
    from: chain.base,
    tip: { height: tip.height, hash: tip.hash, time: tip.time, work: tip.work.toString(16) },
    added: tip.height - before,
    age,
    agreed,
    disagreed: disagreed.map(({ operator, error }) => ({ operator, code: error.code, error: error.message })),
  };
  answer(call, told, [
    `block ${tip.height} ${tip.hash}, ${age} seconds old; ${told.added} new, in ${kept.path}`,
    ...disagreed.map(({ operator, error }) => `  ${operator} says otherwise: ${error.code}: ${error.message}`),
  ]);
  return 0;
}
