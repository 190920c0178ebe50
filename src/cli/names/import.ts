import type { Signer } from '../../lib/key.js';
import { inParallel } from '../../lib/parallel.js';
import { importerAt, importInto } from '../../names/import.js';
import type { Receipt } from '../../names/bitcoin/plan.js';
import { answer } from '../answer.js';
import type { Command } from '../command.js';
import { showDryRuns } from '../dryRuns.js';
import { openKeys, type Keys } from '../keys.js';
import { paying } from '../options.js';
import { feesOf, payingWorld } from '../paying.js';
import { withSession, type Session } from '../session.js';
import { howToGoOn, receiptRows, tellSteps } from '../steps.js';
import { countOf, orUsage, requireName, usage } from '../usage.js';
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
  const imported = await inParallel(names, WIDTH, async (each): Promise<{ readonly name: string; readonly receipts: readonly Receipt[] }> => {
    const onProgress = (progress: Parameters<typeof tell>[1]): void => tell(each.name, progress);
    return { name: each.name, receipts: await orUsage(() => importInto({ ...world, ...each, publish }, { ...fees, signal, onProgress })) };
  });
  answer(
    call,
    { ok: true, owner, names: imported },
    imported.flatMap(({ name, receipts }) => [`${name} is imported for ${owner}`, ...receiptRows(receipts)]),
  );
  return 0;
}

function importerOf({ owner, ownerKey }: Keys, text: string | undefined): Signer {
  const index = countOf(text, 'importer-index', 0, 299);
  if (index === undefined) return owner;
  if (!ownerKey) throw usage('--importer-index needs the reveal key itself: --owner-key-file FILE');
  return importerAt(ownerKey, index);
}
