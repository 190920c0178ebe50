import { registerAll, type BatchName } from '../../names/registrations.js';
import type { Command } from '../command.js';
import { showDryRuns } from '../dryRuns.js';
import { openKeys, type Keys } from '../keys.js';
import { paying } from '../options.js';
import { tellOutcomes } from '../outcomes.js';
import { feesOf, ownedNames, payingWorld } from '../paying.js';
import { withSession, type Session } from '../session.js';
import { howToGoOn, tellSteps } from '../steps.js';
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
  return tellOutcomes(call, outcomes, 'registered');
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
