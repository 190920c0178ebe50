import { startBitcoind } from '../../devnet/bitcoin/bitcoind.js';
import { copyBlocks } from '../../devnet/bitcoin/copy.js';
import { startMemoryBitcoin } from '../../devnet/bitcoin/memory.js';
import type { BitcoinNode } from '../../devnet/bitcoin/node.js';
import { devnetPorts } from '../../devnet/presets.js';
import { systemClock } from '../../lib/adapters/clock.js';
import { toHex } from '../../lib/bytes.js';
import { isNamesteadError } from '../../lib/errors.js';
import { core } from '../../names/bitcoin/adapters/core.js';
import { electrum } from '../../names/bitcoin/adapters/electrum.js';
import { electrumTcp } from '../../names/bitcoin/adapters/electrumTcp.js';
import { esplora } from '../../names/bitcoin/adapters/esplora.js';
import { p2p } from '../../names/bitcoin/adapters/p2p.js';
import { byFilters } from '../../names/bitcoin/byFilters.js';
import { byHistory } from '../../names/bitcoin/byHistory.js';
import { createHeaderChain, syncHeaders } from '../../names/bitcoin/chain.js';
import { bitcoinNames, type Anchor } from '../../names/bitcoin/names.js';
import { proveName } from '../../names/bitcoin/proveName.js';
import { replayNames } from '../../names/bitcoin/replay.js';
import { verifyProof } from '../../names/bitcoin/verifyProof.js';
import type { Watch } from '../../names/bitcoin/watch.js';
import type { Names } from '../../names/names.js';
import type { Devnet } from '../../devnet/devnet.js';
import type { Step } from '../transcript.js';
import type { Registration, Stage } from './stage.js';

/** The levels above `snv`, with an anchor that is older than the last operation: what hides behind it is found. */
export async function climbLevels(step: Step, { devnet }: Stage, registration: Registration, bitcoind: string | undefined): Promise<void> {
  const other = await secondNode(devnet.bitcoin, bitcoind);
  const peer = p2p({ ...devnet.bitcoin.p2p, params: devnet.network.bitcoin, clock: systemClock() });
  const wire = electrum({ url: devnet.urls.electrumTcp, connect: electrumTcp(), params: devnet.network.bitcoin });
  try {
    const { bitcoin, indexer } = devnetPorts(devnet.urls);
    const rest = core({ url: other.rpcUrl, user: other.user, password: other.password });
    const { network } = devnet;
    const fresh = await devnet.anchor();
    const names = (anchor: Anchor, watch?: Watch): Names => bitcoinNames({ network, anchor, headers: [bitcoin, peer], transactions: bitcoin, indexer, watch });
    const filters = byFilters({ sources: [peer, rest], blocks: peer });
    await show(
      step,
      'filters',
      registration,
      names(fresh, filters),
      `BIP 158 filters of two ${other.kind === 'bitcoind' ? 'real bitcoinds' : 'nodes'}, one asked peer-to-peer and one by REST`,
    );
    await show(
      step,
      'history',
      registration,
      names(fresh, byHistory({ histories: [esplora({ url: devnet.urls.esplora }), wire] })),
      'script histories of an Esplora and an Electrum server',
    );
    const replay = replayNames({ network, headers: peer, blocks: peer, transactions: bitcoin });
    await show(step, 'replay', registration, replay, 'every block folded here: no core node and no consensus hash is asked');
    const absent = await replay.lookup('nobody.id');
    if (absent !== null) throw new Error('a name that nobody has was found');
    step.say('replay    nobody.id: proved absent', { absent: true });

    await showOld(step, devnet, registration, names, filters);
    await showProof(step, devnet, registration, fresh);
  } finally {
    peer.close();
    wire.close();
    await other.close();
  }
}

async function show(step: Step, level: 'filters' | 'history' | 'replay', { name, owner, hash }: Registration, names: Names, by: string): Promise<void> {
  const started = performance.now();
  const found = await names.lookup(name, { level });
  if (found?.record.owner !== owner || toHex(found.record.zoneFileHash ?? new Uint8Array()) !== hash || found.evidence.level !== level)
    throw new Error(`level ${level} gave something else: ${JSON.stringify(found?.evidence)}`);
  const ms = Math.round(performance.now() - started);
  step.say(`${level.padEnd(9)} as of block ${found.evidence.asOf.height}, in ${ms} ms: ${by}`, {
    [level]: { ms, asOf: found.evidence.asOf, operators: found.evidence.operators },
  });
}

/** An anchor from before the last operation: alone it shows the name as it was; a watch finds that there is more. */
async function showOld(step: Step, devnet: Devnet, registration: Registration, names: (anchor: Anchor, watch?: Watch) => Names, filters: Watch): Promise<void> {
  const last = registration.receipts.at(-1)?.height ?? 0;
  const old = await devnet.anchor(last - 1);
  const before = await names(old).lookup(registration.name);
  if (toHex(before?.record.zoneFileHash ?? new Uint8Array()) === registration.hash) throw new Error('the old anchor was to show the old zone file');
  step.say(`an anchor of block ${old.height} shows the zone file as it was; with filters the answer is:`);
  const code = await names(old, filters)
    .lookup(registration.name)
    .then(
      () => 'BELIEVED',
      (error: unknown) => (isNamesteadError(error) ? error.code : String(error)),
    );
  if (code !== 'UndecidedOperation') throw new Error(`an operation after the anchor was to be seen, but: ${code}`);
  step.say(`  ${code}: the owner did something after the anchor; a newer anchor tells what`, { oldAnchor: code });
}

async function showProof(step: Step, devnet: Devnet, { name, owner, zoneFile }: Registration, anchor: Anchor): Promise<void> {
  const { bitcoin, indexer } = devnetPorts(devnet.urls);
  const { network } = devnet;
  const chain = createHeaderChain(network.bitcoin);
  await syncHeaders(chain, [bitcoin], { anchor });
  const file = await proveName(name, { network, anchor, headers: bitcoin, transactions: bitcoin, indexer, chain }, { zoneFile });
  const started = performance.now();
  const { record } = verifyProof(file, { network, anchor, chain, now: chain.tip().time, maxAge: 3600 });
  const ms = performance.now() - started;
  if (record.owner !== owner) throw new Error('the portable proof shows another owner');
  step.say(`a portable proof of ${file.length} bytes, checked offline in ${ms.toFixed(1)} ms`, { proofBytes: file.length, proofMs: Math.round(ms) });
}

/** Another node with the same blocks. */
async function secondNode(first: BitcoinNode, bitcoind: string | undefined): Promise<BitcoinNode> {
  const other = bitcoind === undefined ? await startMemoryBitcoin({ blocks: 0 }) : await startBitcoind({ path: bitcoind, blocks: 0 });
  await copyBlocks(first, other);
  return other;
}
