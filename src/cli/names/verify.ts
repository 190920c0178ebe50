import { readFile, stat } from 'node:fs/promises';
import { systemClock } from '../../lib/adapters/clock.js';
import { toHex, toUtf8 } from '../../lib/bytes.js';
import { createHeaderChain, type HeaderChain } from '../../names/bitcoin/chain.js';
import { loadHeaders } from '../../names/bitcoin/headerStore.js';
import type { Network } from '../../names/bitcoin/network.js';
import { verifyProof, type VerifiedProof } from '../../names/bitcoin/verifyProof.js';
import { answer } from '../answer.js';
import type { Call, Command } from '../command.js';
import { openKept } from '../kept.js';
import { networkOf } from '../networks.js';
import { parseAnchor } from '../session.js';
import { ageOf, countOf, orUsage, rootOf, usage } from '../usage.js';

const DAYS = 86_400;
const MOST_BYTES = 64 << 20;

export const verifyCommand: Command = {
  synopsis: 'FILE --anchor HEIGHT:BLOCKHASH:CONSENSUSHASH (--headers FILE | --root HEIGHT:ROOT) [options]',
  about: `Checks a proof that \`names prove\` wrote, offline: nobody is asked. It shows the record as of its operation's block; what came after, it cannot show,
and the answer says from which block on. Headers come from a file that \`headers sync\` keeps, or the proof is checked against a root you trust.`,
  options: ['network', 'anchor', 'headers', 'root', 'max-age', 'height'],
  help: { height: 'a later block you know of: the name must live until then', headers: 'checked headers from the genesis block on (`headers sync --full`)' },
  words: [1, 1],
  run: verifyFile,
};

async function verifyFile(call: Call): Promise<number> {
  const { values, words } = call;
  const [path = ''] = words;
  const network = await networkOf(values.network);
  const anchor = parseAnchor(values.anchor, network);
  if (!anchor) throw usage('--anchor HEIGHT:BLOCKHASH:CONSENSUSHASH is needed: the one the proof was made for, from a place you trust');
  const headersRoot = rootOf(values.root);
  const chain = await chainOf(call, network);
  if (!headersRoot && !chain) throw usage('blocks are checked against headers: give --headers FILE (see headers sync --full) or --root HEIGHT:ROOT');
  const maxAge = ageOf(values['max-age'], 'max-age') ?? 90 * DAYS;
  const file = await readProof(path);
  const height = countOf(values.height, 'height');
  const verified = await orUsage(() => verifyProof(file, { network, anchor, headersRoot, chain, now: systemClock().now() / 1000, maxAge, height }));
  tellProof(call, verified);
  return 0;
}

/** Undefined where none are kept. */
async function chainOf({ values }: Call, network: Network): Promise<HeaderChain | undefined> {
  const kept = await openKept(values, network);
  if (values.headers !== undefined && kept.from !== 1)
    throw usage(`--headers: ${values.headers} does not hold headers from the genesis block on (headers sync --full)`);
  if (!kept.store || kept.from !== 1) return undefined;
  const chain = createHeaderChain(network.bitcoin, { clock: systemClock() });
  await loadHeaders(chain, kept.store);
  return chain;
}

async function readProof(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw usage(`${path} is too large for a proof`);
    return Uint8Array.from(await readFile(path));
  } catch (error) {
    if (error instanceof TypeError) throw error;
    throw usage(`${path} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`);
  }
}

function tellProof(call: Call, { record, evidence, notCovered, zoneFile }: VerifiedProof): void {
  const { from, to } = notCovered;
  const { asOf, checked, unchecked, confirmations } = evidence;
  const lines = [
    `${record.name} belonged to ${record.owner} at block ${record.height}`,
    `  by ${record.txid}, ${confirmations} confirmations known; the proof is as of block ${asOf.height} (${new Date(asOf.time * 1000).toISOString()})`,
    from <= to ? `  not covered: blocks ${from} to ${to}, nor any later one` : `  not covered: blocks from ${from} on`,
    ...checked.map((line) => `    checked: ${line}`),
    ...unchecked.map((line) => `    not checked: ${line}`),
    `  zone file ${record.zoneFileHash ? toHex(record.zoneFileHash) : '(none)'}${record.zoneFileHash && !zoneFile ? ' (did not come along)' : ''}`,
    ...(zoneFile ? toUtf8(zoneFile).trimEnd().split('\n') : []).map((line) => `    ${line}`),
  ];
  answer(call, { ok: true, record, evidence, notCovered, zoneFile: zoneFile && toUtf8(zoneFile) }, lines);
}
