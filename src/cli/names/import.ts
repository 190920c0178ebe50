import { throwIfAborted } from '../../lib/clock.js';
import type { Signer } from '../../lib/key.js';
import { importerAt, importInto } from '../../names/import.js';
import type { RunOptions } from '../../names/bitcoin/run.js';
import type { Command } from '../command.js';
import { showDryRuns } from '../dryRuns.js';
import { openKeys, type Keys } from '../keys.js';
import { paying } from '../options.js';
import { tellOutcomes, type Outcome } from '../outcomes.js';
import { feesOf, payingWorld } from '../paying.js';
import { withSession, type Session } from '../session.js';
import { howToGoOn, tellSteps } from '../steps.js';
import { countOf, requireName, usage } from '../usage.js';
import { publisherOf, zoneFileOf } from '../zoneFiles.js';

/** So many imports wait at once: each spends the one before, and mempools take a chain of 25. */
const WIDTH = 12;

export const importCommand: Command = {
  synopsis: 'NAME … --owner ADDRESS (--zone-file FILE | --profile-url URL) --words-file FILE --esplora URL --node URL [options]',
  about: `Brings names into a namespace that is revealed and not ready, at no price. The importer is the namespace's owner, who imports first, or with
--importer-index a child of the key in --owner-key-file. The same command goes on after Ctrl-C or a crash.`,
  options: [...paying, 'zone-file', 'profile-url', 'atlas', 'owner', 'importer-index'],
  words: [1, 1000],
  run: (call) => withSession(call, importNames),
};

async function importNames(session: Session): Promise<number> {
  const { call, network } = session;
  const { values, words, signal } = call;
  words.forEach(requireName);
  const fees = feesOf(values);
  const keys = await openKeys(values, network);
  const importer = importerOf(keys, values['importer-index']);
  const owner = values.owner ?? keys.ownerAddress;
  const { payer } = keys;
  const names = await Promise.all(words.map(async (name) => ({ name, owner, importer, payer, zoneFile: await zoneFileOf(values, name, owner) })));
  if (values['dry-run'])
    return showDryRuns(
      session,
      keys,
      names.map((each) => ({ operation: 'import', ...each })),
    );
  const publish = publisherOf(session);
  const world = await payingWorld(session);
  call.hint = howToGoOn(call);
  const tell = tellSteps(call);
  const outcomes: Promise<Outcome>[] = [];
  for (const each of names) {
    throwIfAborted(signal, 'importing');
    // The next spends this one's change, and so waits until it is sent; and a chain of so many waits for its first.
    await outcomes.at(-WIDTH);
    await new Promise<void>((sent) => {
      const onProgress: RunOptions['onProgress'] = (progress) => {
        tell(each.name, progress);
        if (progress.stage === 'sent') sent();
      };
      const outcome = importInto({ ...world, ...each, publish }, { ...fees, signal, onProgress }).then(
        (receipts): Outcome => ({ kind: 'registered', name: each.name, owner, receipts }),
        (error: unknown): Outcome => ({ kind: 'failed', name: each.name, error }),
      );
      void outcome.then(() => sent());
      outcomes.push(outcome);
    });
  }
  const told = await Promise.all(outcomes);
  throwIfAborted(signal, 'importing');
  return tellOutcomes(call, told, 'imported');
}

function importerOf({ owner, ownerKey }: Keys, text: string | undefined): Signer {
  const index = countOf(text, 'importer-index', 0, 299);
  if (index === undefined) return owner;
  if (!ownerKey) throw usage('--importer-index needs the reveal key itself: --owner-key-file FILE');
  return importerAt(ownerKey, index);
}
