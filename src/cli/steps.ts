import type { StepProgress } from '../names/bitcoin/progress.js';
import type { Receipt } from '../names/bitcoin/plan.js';
import type { Call } from './command.js';
import { satoshi, table } from './answer.js';
import { journalPath } from './paying.js';

/** Tells of a plan's steps: what happened as lines, each once, what it waits for as a bar. */
export function tellSteps({ tell }: Call): (name: string, progress: StepProgress, of?: string) => void {
  const said = new Set<string>();
  const say = (line: string): void => {
    if (said.has(line)) return;
    said.add(line);
    tell.say(line);
  };
  return (name, progress, of = '') => {
    const { stage, operation, txid = '', receipt, about } = progress;
    if (stage === 'sent') say(`${name}: ${operation} sent, ${txid}`);
    else if (stage === 'confirmed' && receipt) say(`${name}: ${operation} confirmed at block ${receipt.height}, fee ${satoshi(receipt.fee)}, ${txid}`);
    else if (stage === 'reorganised') tell.say(`${name}: ${operation} was reorganised out of the chain and waits again, ${txid}`);
    else tell.progress({ ...progress, stage: wordsOf(stage, operation, about) }, `${of}${name}`);
  };
}

function wordsOf(stage: StepProgress['stage'], operation: string, about: number | undefined): string {
  if (stage === 'publishing') return 'publishing the zone file';
  if (stage === 'done') return 'done';
  return `${operation} ${stage}${about === undefined ? '' : `, about ${Math.ceil(about / 60)} min`}`;
}

/** What was paid, as rows. */
export function receiptRows(receipts: readonly Receipt[]): string[] {
  return table(
    receipts.map(({ operation, height, price, fee, txid }) => [operation, `block ${height}`, `price ${satoshi(price)}`, `fee ${satoshi(fee)}`, txid]),
  );
}

/** How to go on, for whoever stops a command that pays. */
export function howToGoOn({ values }: Pick<Call, 'values'>): string {
  return `Nothing is lost: ${journalPath(values)} holds what was signed and sent. The same command goes on from there; names status tells how it stands.`;
}
