import { writeFile } from 'node:fs/promises';
import { systemClock } from '../../lib/adapters/clock.js';
import { NamesteadError } from '../../lib/errors.js';
import { proveName } from '../../names/bitcoin/proveName.js';
import { findZoneFile } from '../../zones/find.js';
import { answer } from '../answer.js';
import type { Command } from '../command.js';
import { asking } from '../options.js';
import { openNames } from '../proving.js';
import { zonesOf } from '../resolve.js';
import { anchorOf, headersOf, indexerOf, NO_TRANSACTIONS, withSession, type Session } from '../session.js';
import { firstOf } from '../sources.js';
import { orUsage, requireName, rootOf, usage } from '../usage.js';

export const proveCommand: Command = {
  synopsis: 'NAME --out FILE --esplora URL --node URL --anchor HEIGHT:BLOCKHASH:CONSENSUSHASH [options]',
  about: `Writes a file that shows NAME's record, and its zone file, to whoever holds the same anchor, offline: \`namestead names verify FILE\`. The name
is proved first. With --root it carries branches for verifiers that have no headers.`,
  options: [...asking, 'atlas', 'root', 'out'],
  words: [1, 1],
  run: (call) => withSession(call, writeProof),
};

async function writeProof(session: Session): Promise<number> {
  const { call, network, sources } = session;
  const { values, words, tell, signal } = call;
  const [name = ''] = words;
  requireName(name);
  const { out } = values;
  if (out === undefined) throw usage('--out FILE is needed');
  if (out === '-' && values.json) throw usage('--out - and --json both write to stdout');
  const headersRoot = rootOf(values.root);
  const options = { signal, onProgress: tell.progress };
  const world = { network, anchor: anchorOf(session), headers: headersOf(session), transactions: firstOf(sources.transactions, NO_TRANSACTIONS) };
  const [headerProofs] = sources.headerProofs;
  // Branches stand for the blocks below a checkpoint only where somebody has them.
  const chain = await session.chain({ full: values.full === true || !headersRoot || !headerProofs });
  const found = await (await openNames(session, 'snv')).lookup(name, options);
  if (!found) throw new NamesteadError('NotFound', `${name} is registered to nobody`);
  const { record, evidence } = found;
  const hash = record.zoneFileHash;
  const zoneFile = hash ? await findZoneFile(hash, zonesOf(session), { clock: systemClock(), signal }) : undefined;
  const file = await orUsage(() =>
    proveName(name, { ...world, indexer: indexerOf(session), chain, headerProofs }, { ...options, height: record.height, headersRoot, zoneFile }),
  );
  if (out === '-') {
    call.terminal.out.write(file);
    return 0;
  }
  await writeFile(out, file);
  const { asOf } = evidence;
  answer(call, { ok: true, name, file: out, bytes: file.length, record, asOf }, [`${out}: ${file.length} bytes, ${name} as of block ${asOf.height}`]);
  return 0;
}
