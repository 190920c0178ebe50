import { isNamesteadError } from '../../lib/errors.js';
import { registerAll, type BatchName, type BatchOutcome } from '../../names/registrations.js';
import { answer } from '../answer.js';
import type { Call, Command } from '../command.js';
import { showDryRuns } from '../dryRuns.js';
import { openKeys, type Keys } from '../keys.js';
import { paying } from '../options.js';
import { feesOf, ownedNames, payingWorld } from '../paying.js';
import { withSession, type Session } from '../session.js';
import { howToGoOn, receiptRows, tellSteps } from '../steps.js';
import { describe } from '../transcript.js';
import { countOf, orUsage, requireName, satoshiOf, usage } from '../usage.js';
import { publisherOf, zoneFileOf } from '../zoneFiles.js';

export const registerCommand: Command = {
  synopsis: 'NAME … (--zone-file FILE | --profile-url URL) --words-file FILE --esplora URL --node URL [options]',
  about: `Registers names: preorder, confirmations, registration, confirmations, zone file published. Each is written into the journal before it is paid for, so
that the same command goes on after Ctrl-C, a crash or a reorganisation and pays nothing twice. Several names are bought at once. The payer's and the
owner's keys come from files or the environment. With --anchor, at most 12 blocks old, price, payee and consensus hash are proved and not the node's word.`,
  options: [...paying, 'max-price', 'zone-file', 'profile-url', 'atlas', 'owner', 'per-owner'],
  words: [1, 1000],
  run: (call) => withSession(call, registerNames),
};

async function registerNames(session: Session): Promise<number> {
  const { call, network } = session;
  const { values, words, signal } = call;
  words.forEach(requireName);
  const maxPrice = satoshiOf(values['max-price'], 'max-price');
  const fees = feesOf(values);
  const keys = await openKeys(values, network);
  const names = await batchOf(session, keys);
  const { payer } = keys;
  if (values['dry-run'])
    return showDryRuns(
      session,
      keys,
      names.map(({ name, owner }) => ({ operation: 'register', name, owner, payer, maxPrice })),
    );
  const publish = publisherOf(session);
  const world = await payingWorld(session);
  const namesOwned = await ownedNames(session, keys.ownerAddress, { signal });
  call.hint = howToGoOn(call);
  const tell = tellSteps(call);
  const outcomes = await orUsage(() =>
    registerAll(
      { ...world, names, payer, publish, maxPrice, namesOwned },
      {
        ...fees,
        signal,
        onProgress: ({ name, progress, registered, total }) => tell(name ?? 'coins', progress, total > 1 ? `${registered}/${total} ` : ''),
      },
    ),
  );
  return tellOutcomes(call, outcomes);
}

/** Owners by turns, where so many names go to each. */
async function batchOf({ call: { values, words } }: Session, keys: Keys): Promise<readonly BatchName[]> {
  const each = countOf(values['per-owner'], 'per-owner', 1, 25) ?? words.length;
  if (values.owner !== undefined && values['per-owner'] !== undefined) throw usage('--owner names one owner, and --per-owner several');
  return Promise.all(
    words.map(async (name, at) => {
      const owner = values.owner ?? (await keys.ownerAt(Math.floor(at / each)));
      return { name, owner, zoneFile: await zoneFileOf(values, name, owner) };
    }),
  );
}

function tellOutcomes(call: Call, outcomes: readonly BatchOutcome[]): number {
  const failed = outcomes.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome] : []));
  const [first] = failed;
  // One name alone fails as a command does.
  if (first && outcomes.length === 1) throw first.error instanceof TypeError ? usage(first.error.message) : first.error;
  const names = outcomes.map((outcome) =>
    outcome.kind === 'failed'
      ? { name: outcome.name, ok: false, code: isNamesteadError(outcome.error) ? outcome.error.code : null, error: describe(outcome.error) }
      : { name: outcome.name, ok: true, owner: outcome.owner, receipts: outcome.receipts },
  );
  const code = isNamesteadError(first?.error) ? first.error.code : null;
  const lines = outcomes.flatMap((outcome) =>
    outcome.kind === 'failed'
      ? [`${outcome.name} was not registered: ${describe(outcome.error)}`]
      : [`${outcome.name} is registered to ${outcome.owner}`, ...receiptRows(outcome.receipts)],
  );
  const error = `${failed.length} of ${outcomes.length} names were not registered; the same command tries them again`;
  answer(call, { ok: !first, ...(first ? { code, error } : {}), names }, first ? [...lines, error] : lines);
  return first ? 1 : 0;
}
