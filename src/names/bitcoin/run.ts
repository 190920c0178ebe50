import { equal } from '../../lib/bytes.js';
import type { CallOptions, Clock, Progress } from '../../lib/clock.js';
import { throwIfAborted } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import type { Journal } from '../journal.js';
import type { Recipe } from './builder.js';
import { feeRateOf, pay, reserveFor, type Parties, type PaymentWorld, type PayOptions } from './pay.js';
import { confirmed, createPlan, decodePlan, encodePlan, finished, refused, signed, type Plan, type Receipt, type Signed } from './plan.js';
import type { HeaderSource, Indexer } from './source.js';
import { openInclusion } from './confirmation.js';
import { parseTransaction } from './transaction.js';

/** What a plan asks while it runs, and where it writes itself down. */
export interface PlanWorld extends PaymentWorld {
  readonly headers: HeaderSource;
  readonly indexer: Indexer;
  readonly journal: Journal;
  readonly clock: Clock;
}

/**
 * Told at every turn: `done` of `total` steps; while `confirming`, blocks; while `accepting`, heights. `receipt` comes with
 * `confirmed`: the step is mined deep enough and the indexer says the rules took it.
 */
export interface StepProgress extends Progress {
  readonly stage: 'signing' | 'sent' | 'confirming' | 'accepting' | 'confirmed' | 'publishing' | 'done';
  readonly operation: string;
  readonly txid?: string | undefined;
  readonly receipt?: Receipt | undefined;
}

export interface RunOptions extends Pick<PayOptions, 'feeRate' | 'maxFeeRate'>, CallOptions {
  readonly onProgress?: ((progress: StepProgress) => void) | undefined;
}

/** One transaction of a plan: drawn up when its turn comes, with what the world says then. */
export interface Step {
  readonly opcode: string;
  /** Satoshi of its outputs, which the steps before it must leave over. */
  readonly outputs: bigint;
  readonly draw: (receipts: readonly Receipt[]) => Promise<Recipe>;
}

export interface Script {
  /** The journal's key. */
  readonly key: string;
  readonly terms: Plan['terms'];
  readonly steps: readonly Step[];
  /** After the last step; must be safe to repeat. */
  readonly finish: () => Promise<void>;
}

/**
 * Runs a plan from wherever the journal says it stands. Each signed transaction is saved before it is sent, so that a
 * restart sends the same bytes again and nothing is paid twice. One process at a time may run a plan: of two at once, one stops
 * with `JournalBusy`, unless they meet within the same moment.
 */
export async function runPlan(script: Script, parties: Parties, world: PlanWorld, options: RunOptions): Promise<readonly Receipt[]> {
  const { key, steps } = script;
  let held = await world.journal.load(key);
  const hold = async (): Promise<void> => {
    const now = await world.journal.load(key);
    if (held === null ? now === null : now !== null && equal(now, held)) return;
    throw new NamesteadError(
      'JournalBusy',
      `the journal entry ${key} was changed meanwhile: another process runs this plan, or somebody removed it; call again when nobody does`,
    );
  };
  const save = async (plan: Plan): Promise<Plan> => {
    await hold();
    held = encodePlan(plan);
    await world.journal.save(key, held);
    return plan;
  };
  let plan = held === null ? await save(createPlan(script.terms)) : openPlan(script, held);
  const tell = (stage: StepProgress['stage'], what: Pick<StepProgress, 'operation' | 'txid' | 'receipt'>): void => {
    options.onProgress?.({ stage, done: plan.receipts.length, total: steps.length, ...what });
  };
  for (;;) {
    throwIfAborted(options.signal, `${key} (the journal holds it: call again to go on)`);
    const step = steps[plan.receipts.length];
    switch (plan.state.kind) {
      case 'planned':
        if (!step) throw new NamesteadError('JournalCorrupt', `the journal entry ${key} has more steps than the plan: remove it and start again`);
        tell('signing', { operation: step.opcode });
        plan = await save(signed(plan, await signStep(plan, plan.state.former, script, parties, world, options)));
        break;
      case 'signed': {
        const { current, former } = plan.state;
        try {
          await hold();
          await send(current, world, options);
        } catch (error) {
          if (isNamesteadError(error, 'BroadcastRejected')) await save(refused(plan));
          throw error;
        }
        tell('sent', { operation: current.operation, txid: current.txid });
        const { transaction, height } = await waitConfirmed([current, ...former], world, options);
        await waitAccepted(transaction, height, key, world, options);
        plan = await save(confirmed(plan, transaction, height, steps.length));
        tell('confirmed', { operation: transaction.operation, txid: transaction.txid, receipt: plan.receipts.at(-1) });
        break;
      }
      case 'settled':
        tell('publishing', { operation: key });
        await script.finish();
        plan = await save(finished(plan));
        break;
      case 'done':
        tell('done', { operation: key });
        return plan.receipts;
    }
  }
}

function openPlan(script: Script, bytes: Uint8Array): Plan {
  const plan = decodePlan(bytes, script.key);
  for (const [term, value] of Object.entries(script.terms)) {
    if (plan.terms[term] !== value)
      throw new TypeError(`${script.key} is under way with another ${term}: call with the same, or remove the journal entry to give up what was paid`);
  }
  return plan;
}

/** A former transaction that made it to the network after all is taken instead of a new one. */
async function signStep(plan: Plan, former: readonly Signed[], script: Script, parties: Parties, world: PlanWorld, options: RunOptions): Promise<Signed> {
  for (const transaction of former) if (await isKnown(transaction.txid, world, options)) return transaction;
  const step = script.steps[plan.receipts.length] as Step;
  const rate = await feeRateOf(world.payments, options);
  const reserve = script.steps.slice(plan.receipts.length + 1).reduce((sum, next) => sum + reserveFor(next.outputs, parties.payer, rate), 0n);
  const recipe = await step.draw(plan.receipts);
  const payment = await pay(recipe, parties, world, { ...options, feeRate: rate, reserve, respend: former[0] && firstInput(former[0]) });
  return { operation: recipe.opcode, name: recipe.name, hash: recipe.hash, price: recipe.price, fee: payment.fee, txid: payment.txid, bytes: payment.bytes };
}

function firstInput({ bytes }: Signed): { readonly txid: string; readonly vout: number } {
  const [input] = parseTransaction(bytes).inputs;
  if (!input) throw new NamesteadError('Malformed', 'a transaction has no input');
  return input;
}

/** Sends the same bytes however often: that a node has them already counts as success. */
async function send(transaction: Signed, world: PlanWorld, options: RunOptions): Promise<void> {
  try {
    const answer = await world.payments.broadcast(transaction.bytes, { signal: options.signal });
    if (answer !== transaction.txid)
      throw new NamesteadError(
        'TransactionMismatch',
        `${world.payments.operator} took ${transaction.txid} but answered another id: ask another source; the journal holds the transaction`,
      );
  } catch (error) {
    if (!isNamesteadError(error, 'BroadcastRejected') || !(await isKnown(transaction.txid, world, options))) throw error;
  }
}

async function isKnown(txid: string, { transactions }: PlanWorld, { signal }: RunOptions): Promise<boolean> {
  return (await transactions.transaction(txid, { signal })) !== null || (await transactions.inclusion(txid, { signal })) !== null;
}

/** Waits until one of the transactions, which exclude each other, has enough blocks on it. */
async function waitConfirmed(candidates: readonly Signed[], world: PlanWorld, options: RunOptions): Promise<{ transaction: Signed; height: number }> {
  const needed = world.network.confirmations;
  let turn = 0;
  return poll(world, options, async () => {
    for (const transaction of candidates) {
      const found = await openInclusion(transaction.txid, needed, world, options);
      if (found && found.confirmations >= needed) return { transaction, height: found.height };
      options.onProgress?.({
        stage: 'confirming',
        done: found?.confirmations ?? 0,
        total: needed,
        unit: 'blocks',
        operation: transaction.operation,
        txid: transaction.txid,
      });
    }
    // Mempools forget: what nobody knows any more is sent again.
    const [current] = candidates;
    if (current && ++turn % 10 === 0 && !(await isKnown(current.txid, world, options))) await send(current, world, options);
    return null;
  });
}

/**
 * Asks the indexer whether the rules took the operation. Its word is not proof: a liar can stop the plan here, and go on it
 * can when asked of an honest one; that the name is ours in the end is for `lookup` to prove.
 */
async function waitAccepted(transaction: Signed, height: number, key: string, world: PlanWorld, options: RunOptions): Promise<void> {
  const { indexer } = world;
  const { signal } = options;
  await poll(world, options, async () => {
    const tip = await indexer.tip({ signal });
    if (tip.height >= height) return true;
    options.onProgress?.({ stage: 'accepting', done: tip.height, total: height, unit: 'height', operation: transaction.operation, txid: transaction.txid });
    return null;
  });
  const operations = await indexer.operations(height, { signal });
  if (operations.some(({ txid }) => txid === transaction.txid)) return;
  throw new NamesteadError(
    'RegistrationLost',
    `${transaction.operation} of ${transaction.name} was mined at ${height} but ${indexer.operator} says the rules refused it (${transaction.txid}): ask another indexer, or remove the journal entry ${key} and start again`,
  );
}

const WAITING = 'waiting for confirmations (the journal holds the plan: call again to go on)';

/** Asks until there is an answer, ever more slowly; a server that cannot be reached is asked again, ten times in a row at the most. */
async function poll<T>({ clock }: PlanWorld, { signal }: RunOptions, ask: () => Promise<T | null>): Promise<T> {
  let failures = 0;
  for (let pause = 50; ; pause = Math.min(1.5 * pause, 15_000)) {
    throwIfAborted(signal, WAITING);
    try {
      const answer = await ask();
      if (answer !== null) return answer;
      failures = 0;
    } catch (error) {
      if (!isPassing(error) || ++failures > 10) throw error;
    }
    await clock.sleep(pause, signal).catch(() => throwIfAborted(signal, WAITING));
  }
}

function isPassing(error: unknown): boolean {
  return isNamesteadError(error, 'HttpFailed') || isNamesteadError(error, 'HttpTimeout') || isNamesteadError(error, 'HttpStatus');
}
