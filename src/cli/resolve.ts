import { allowLoopback, createClient, type Resolved } from '../client.js';
import { toHex } from '../lib/bytes.js';
import { http } from '../lib/http.js';
import type { ZoneSource } from '../zones/zones.js';
import { atlas } from '../zones/adapters/atlas.js';
import { answer } from './answer.js';
import type { Call, Command } from './command.js';
import { asking } from './options.js';
import { chooseLevel, openNames } from './proving.js';
import { withSession, type Session } from './session.js';
import { countOf, orUsage, requireName, urlOf, usage } from './usage.js';

export const resolveCommand: Command = {
  synopsis: 'NAME --esplora URL … --node URL --anchor HEIGHT:BLOCKHASH:CONSENSUSHASH [options]',
  about: `Proves who owns NAME and prints what it points to, with what was checked and what was not. Servers are asked, never believed: the anchor must
come from somewhere else.

  snv       --anchor, a core node, one source of Bitcoin            up to the anchor
  history   besides, two or more of --esplora and --electrum        up to the tip; the default where they are given
  filters   besides, two or more of --bitcoind and --p2p            up to the tip; nobody learns the name
  replay    --bitcoind, or --p2p with a source of transactions      every block is read; no anchor, no core node
  quorum    two or more --node, one source of headers               nothing proved: they say the same
  server    one --node, one source of headers                       nothing proved`,
  options: [...asking, 'atlas', 'level', 'least', 'at', 'no-profile'],
  words: [1, 1],
  run: (call) => withSession(call, resolveName),
};

async function resolveName(session: Session): Promise<number> {
  const { call, network, clock } = session;
  const { values, words, tell, signal } = call;
  const [name = ''] = words;
  requireName(name);
  const at = countOf(values.at, 'at');
  const level = chooseLevel(session);
  const names = await openNames(session, level);
  const local = network.bitcoin.name === 'regtest' ? { allowHost: allowLoopback } : {};
  const client = createClient({ clock, http: http(), names, zones: zonesOf(session), ...local });
  const found = await orUsage(() =>
    client.resolve(name, { level, at, withoutProfile: values['no-profile'] === true, signal, onProgress: (now) => tell.progress(now) }),
  );
  answerName(call, found);
  return 0;
}

/** Whom to ask for zone files: the peers named, else the nodes, which are peers. @throws {@link usage} */
export function zonesOf({ call: { values }, sources }: Session): readonly ZoneSource[] {
  const urls = values.atlas?.map((url) => urlOf(url, 'atlas')) ?? sources.nodes;
  if (urls.length === 0) throw usage('zone files are asked of peers: give --node URL or --atlas URL');
  return urls.map((url) => atlas({ url }).get);
}

function answerName(call: Call, { record, evidence, zoneFile, profile, profileUrl }: Resolved): void {
  const { asOf, tip, level, completeTo, confirmations, work, checked, unchecked, disagreed, pending, warnings } = evidence;
  const lines = [
    `${record.name} belongs to ${record.owner}`,
    `  set at block ${record.height} by ${record.txid}, ${confirmations} confirmations; ${record.expiresAt === null ? 'never expires' : `expires at block ${record.expiresAt}`}`,
    `  proved: ${level}, ${completeTo === null ? '' : `complete to block ${completeTo}, `}as of block ${asOf.height} (${new Date(asOf.time * 1000).toISOString()}), headers to ${tip.height}; work: ${work}`,
    ...checked.map((line) => `    checked: ${line}`),
    ...unchecked.map((line) => `    not checked: ${line}`),
    ...(disagreed.length > 0 ? [`  said otherwise: ${disagreed.join(', ')}`] : []),
    ...pending.map((txid) => `  may change it soon: ${txid}`),
    ...warnings.map((line) => `  odd: ${line}`),
    `  zone file ${record.zoneFileHash ? toHex(record.zoneFileHash) : '(none)'}`,
    ...(zoneFile?.text.trimEnd().split('\n') ?? []).map((line) => `    ${line}`),
    ...(profile
      ? [
          `  profile ${profileUrl ?? ''}`,
          ...JSON.stringify(profile.claim, null, 2)
            .split('\n')
            .map((line) => `    ${line}`),
        ]
      : []),
  ];
  answer(call, { ok: true, record, evidence, zoneFile: zoneFile?.text ?? null, profile: profile?.claim ?? null, profileUrl }, lines);
}
