import { NamesteadError } from '../../lib/errors.js';
import { systemClock } from '../../lib/adapters/clock.js';
import { fromUtf8 } from '../../lib/bytes.js';
import { startMemoryBitcoin } from '../../devnet/bitcoin/memory.js';
import { startLiar, type Lie, type Liar } from '../../devnet/liar.js';
import { editedField, forgedHeader, hiddenOperation, otherFile, swappedHeights, wrongRecord, wrongZoneFile } from '../../devnet/lies.js';
import { formatProfileZoneFile } from '../../zones/zonefile.js';
import { signProfile } from '../../profiles/profile.js';
import type { Evidence } from '../../names/proof.js';
import type { Step } from '../transcript.js';
import { runChild } from './child.js';
import type { Registration, Stage } from './stage.js';
import type { ResolveInput, ResolveMessage } from './resolveChild.js';

/** Resolves in a second process, which gets URLs, the genesis header and an anchor; then once more past each liar. */
export async function resolveProved(step: Step, stage: Stage, registration: Registration): Promise<void> {
  const { devnet } = stage;
  const anchor = await devnet.anchor();
  step.say(`anchor, handed over outside the servers' path: height ${anchor.height}, block ${anchor.hash}, consensus hash ${anchor.consensusHash}`, { anchor });
  const open: { close(): Promise<void> }[] = [];
  try {
    const lies = await startLiars(stage, registration, anchor.height, open);
    const input: ResolveInput = { urls: devnet.urls, genesisHeader: devnet.network.bitcoin.genesisHeader, anchor, name: registration.name, lies };
    const exit = await runChild<ResolveMessage>('resolve', input, (message) => tell(step, message));
    const believed = exit.messages.filter(
      (message) => message.kind === 'lie' && (message.code === 'BELIEVED' || message.code === 'UNKNOWN' || !message.thenHonest),
    );
    if (exit.code !== 0) throw new Error(`the second process failed: ${exit.stderr}`);
    if (believed.length > 0) throw new Error(`not refused as they should be: ${believed.map((message) => JSON.stringify(message)).join('; ')}`);
    const [resolved] = exit.messages;
    if (resolved?.kind !== 'resolved' || resolved.owner !== registration.owner || resolved.zoneFileHash !== registration.hash)
      throw new Error('the second process resolved something else');
    if (exit.messages.length !== 1 + lies.length) throw new Error('the second process did not meet every liar');
  } finally {
    for (const each of open) await each.close();
  }
}

function tell(step: Step, message: ResolveMessage): void {
  if (message.kind === 'lie') {
    step.say(`lie: ${message.lie.padEnd(26)} refused with ${message.code}; then resolved past an honest server`);
    step.note(`lie: ${message.lie}`, { lie: message.lie, code: message.code, message: message.message, thenHonest: message.thenHonest, ms: message.ms });
    return;
  }
  const { level, asOf, completeTo, confirmations, work, checked, unchecked } = message.evidence as Evidence;
  step.say(`owner ${message.owner}, zone file ${message.zoneFileHash}, profile of ${String(message.profileName)}, in ${message.ms} ms`, message);
  step.say(`level ${level}, complete to ${completeTo ?? '-'}, as of block ${asOf.height} ${asOf.hash}, ${confirmations} confirmations, work: ${work}`, {
    level,
    asOf,
  });
  for (const line of checked) step.say(`  checked: ${line}`);
  for (const line of unchecked) step.say(`  not checked: ${line}`);
}

async function startLiars(
  stage: Stage,
  { receipts, owner, zoneFile, name, profileUrl }: Registration,
  top: number,
  open: { close(): Promise<void> }[],
): Promise<ResolveInput['lies']> {
  const { urls } = stage.devnet;
  const mallory = await stage.wallet.identity(7);
  const last = receipts.at(-1)?.height ?? top;
  const another = await signProfile({ '@type': 'Person', name: 'Mallory' }, mallory.signer, { clock: systemClock() });
  const lying = async (lie: string, honest: string, tale: Lie): Promise<ResolveInput['lies'][number]> => {
    const liar: Liar = await startLiar(honest, tale);
    open.push(liar);
    return { lie, honest, liar: liar.url };
  };
  // A chain of its own from the same genesis, valid in every header, and shorter than what the anchor stands on.
  const fork = await startMemoryBitcoin({ blocks: Math.floor(top / 2) });
  open.push(fork);
  if (zoneFile.length === 0 || owner === mallory.address) throw new NamesteadError('Malformed', 'the liars need something to lie about');
  return [
    await lying('forged header', urls.esplora, forgedHeader(top - 3)),
    { lie: 'low-work fork', honest: urls.esplora, liar: fork.esploraUrl },
    await lying('wrong record', urls.node, wrongRecord(mallory.address)),
    await lying('edited uncommitted field', urls.node, editedField()),
    await lying('hidden later operation', urls.node, hiddenOperation()),
    await lying('swapped consensus hashes', urls.node, swappedHeights(last, last + 2)),
    await lying('wrong zone file', urls.atlas[1], wrongZoneFile(formatProfileZoneFile(name, 'https://mallory.example/profile.json'))),
    await lying("another's profile", new URL(profileUrl).origin, otherFile('/profile.json', fromUtf8(another))),
  ];
}
