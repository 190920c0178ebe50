import { renew, revoke, transfer, update, type ChangeTerms } from '../../names/change.js';
import type { Intent } from '../../names/dryRun.js';
import type { Receipt } from '../../names/bitcoin/plan.js';
import type { RunOptions } from '../../names/bitcoin/run.js';
import { answer } from '../answer.js';
import type { Command } from '../command.js';
import { showDryRuns } from '../dryRuns.js';
import { openKeys } from '../keys.js';
import { paying, type OptionName } from '../options.js';
import { feesOf, payingWorld } from '../paying.js';
import { withSession, type Session } from '../session.js';
import { howToGoOn, receiptRows, tellSteps } from '../steps.js';
import { orUsage, requireName, satoshiOf, usage } from '../usage.js';
import { publisherOf, zoneFileOf } from '../zoneFiles.js';

/** Who changes which name. */
type Changed = Pick<ChangeTerms, 'name' | 'owner' | 'payer'>;

/** One kind of change: what it would do, and doing it. */
interface Change {
  readonly intent: (changed: Changed) => Intent;
  readonly run: (terms: ChangeTerms, options: RunOptions) => Promise<readonly Receipt[]>;
  readonly done: string;
}

function changeCommand(
  synopsis: string,
  about: string,
  options: readonly OptionName[],
  prepare: (session: Session, name: string, ownerAddress: string) => Promise<Change> | Change,
): Command {
  return {
    synopsis: `NAME ${synopsis}--words-file FILE --esplora URL --node URL [options]`,
    about: `${about}\nThe owner signs with a coin at its own address, which comes back; the payer pays. The same command goes on after Ctrl-C or a crash.`,
    options: [...paying, ...options],
    words: [1, 1],
    run: (call) => withSession(call, (session) => changeName(session, prepare)),
  };
}

async function changeName(session: Session, prepare: (session: Session, name: string, ownerAddress: string) => Promise<Change> | Change): Promise<number> {
  const { call, network } = session;
  const { values, words, signal } = call;
  const [name = ''] = words;
  requireName(name);
  const fees = feesOf(values);
  const keys = await openKeys(values, network);
  const { intent, run, done } = await prepare(session, name, keys.ownerAddress);
  const changed = { name, owner: keys.owner, payer: keys.payer };
  if (values['dry-run']) return showDryRuns(session, keys, [intent(changed)]);
  const world = await payingWorld(session);
  call.hint = howToGoOn(call);
  const tell = tellSteps(call);
  const receipts = await orUsage(() => run({ ...world, ...changed }, { ...fees, signal, onProgress: (progress) => tell(name, progress) }));
  const nothing = receipts.length === 0 ? ['  there was nothing to pay'] : [];
  answer(call, { ok: true, name, receipts }, [`${name} ${done}`, ...receiptRows(receipts), ...nothing]);
  return 0;
}

export const updateCommand: Command = /* @__PURE__ */ changeCommand(
  '(--zone-file FILE | --profile-url URL) ',
  'Points a name to another zone file, and publishes it.',
  ['zone-file', 'profile-url', 'atlas'],
  async (session, name, ownerAddress) => {
    const zoneFile = await zoneFileOf(session.call.values, name, ownerAddress);
    const publish = publisherOf(session);
    return {
      intent: (changed) => ({ operation: 'update', ...changed, zoneFile }),
      run: (terms, options) => update({ ...terms, zoneFile, publish }, options),
      done: 'points to its new zone file',
    };
  },
);

export const transferCommand: Command = /* @__PURE__ */ changeCommand(
  '--to ADDRESS [--drop-zone-file] ',
  'Gives a name to another address, with its zone file or without.',
  ['to', 'drop-zone-file'],
  ({ call: { values } }) => {
    const { to } = values;
    if (to === undefined) throw usage('--to ADDRESS is needed: who gets the name?');
    const keepZoneFile = values['drop-zone-file'] !== true;
    return {
      intent: (changed) => ({ operation: 'transfer', ...changed, to, keepZoneFile }),
      run: (terms, options) => transfer({ ...terms, to, keepZoneFile }, options),
      done: `belongs to ${to}`,
    };
  },
);

export const renewCommand: Command = /* @__PURE__ */ changeCommand(
  '[--max-price SATOSHI] ',
  "Pays for a name's next lifetime.",
  ['max-price'],
  ({ call: { values } }) => {
    const maxPrice = satoshiOf(values['max-price'], 'max-price');
    return {
      intent: (changed) => ({ operation: 'renew', ...changed, maxPrice }),
      run: (terms, options) => renew({ ...terms, maxPrice }, options),
      done: 'is renewed',
    };
  },
);

export const revokeCommand: Command = /* @__PURE__ */ changeCommand(
  '--yes ',
  'Gives a name up until it expires: it then points nowhere and nobody can take it. There is no way back.',
  ['yes'],
  ({ call: { values } }) => {
    if (!values.yes && !values['dry-run']) throw usage('a revoked name cannot be had back before it expires: say --yes to do it, or --dry-run');
    return { intent: (changed) => ({ operation: 'revoke', ...changed }), run: revoke, done: 'is revoked' };
  },
);
