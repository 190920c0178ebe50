import { lockScript } from '../names/bitcoin/account.js';
import type { Check } from '../names/dryChecks.js';
import { dryRun, type DryRun, type Intent } from '../names/dryRun.js';
import { answer, satoshi, table } from './answer.js';
import type { Keys } from './keys.js';
import { feesOf, ownedNames, payingWorld } from './paying.js';
import type { Session } from './session.js';
import { orUsage } from './usage.js';

/** Tells what intents cost and whether they would be taken; answers 1 when one would not. */
export async function showDryRuns(session: Session, keys: Keys, intents: readonly Intent[]): Promise<number> {
  const { call } = session;
  const { signal } = call;
  const world = { ...(await payingWorld(session)), namesOwned: await ownedNames(session, keys.ownerAddress, { signal }) };
  const runs: DryRun[] = [];
  for (const intent of intents) {
    call.tell.progress({ stage: 'dry run', done: runs.length, total: intents.length });
    runs.push(await orUsage(() => dryRun(intent, world, { ...feesOf(call.values), signal })));
  }
  const total = runs.reduce((sum, run) => sum + run.total, 0n);
  const coins = await world.payments.unspent(lockScript(keys.payer.lock), { signal });
  const held = coins.reduce((sum, { value }) => sum + value, 0n);
  // Each run counts all the coins for itself.
  const all: Check = { check: 'funds suffice', ok: held >= total, why: `${satoshi(held)} at ${keys.funding} for ${satoshi(total)} in all` };
  const ok = runs.every((run) => run.ok) && (runs.length < 2 || all.ok);
  const told = { ok, dryRun: true, payer: { address: keys.funding, satoshi: held }, owner: keys.ownerAddress, total, runs };
  answer(call, told, [
    ...runs.flatMap(linesOf),
    ...(runs.length > 1 ? [`in all ${satoshi(total)}`, ...checkRows([all])] : []),
    `paid from ${keys.funding}, which has ${satoshi(held)}`,
    ok ? 'It would be taken. Nothing was signed or sent.' : 'It would not be taken. Nothing was signed or sent.',
  ]);
  return ok ? 0 : 1;
}

function linesOf(run: DryRun): string[] {
  const { price, payee, marks, fee, feeRate, total, tokens, transactions, checks } = run;
  const sizes = transactions.map((each) => `${each.operation} ${each.virtualSize} vB`).join(', ');
  return [
    `${run.operation} ${run.name}`,
    ...table([
      ['price', satoshi(price), payee === null ? '' : `to ${payee}`],
      ['marks', satoshi(marks), 'in outputs that mark an address and stay its own'],
      ['fee', satoshi(fee), `at ${feeRate} sat/vB: ${sizes}`],
      ['in all', satoshi(total), tokens === null ? '' : `and ${tokens} micro-STACKS`],
    ]).map((line) => line.trimEnd()),
    ...checkRows(checks),
  ];
}

function checkRows(checks: readonly Check[]): string[] {
  return table(checks.map(({ check, ok, why }) => [ok ? 'ok' : 'NO', check, why]));
}
