import type { Way } from './levels.js';
import type { lies } from './liars.js';

/**
 * What comes of a lie at a level: the code of the error it is refused with; `named`: the answer is right and the liar stands in `evidence.disagreed`;
 * `right`: the answer is right, since this level does not ask for what the lie changes, or somebody else told it; `believed`: the answer is wrong.
 */
export type Outcome = 'named' | 'right' | 'believed' | (string & {});

/** Where it matters who else lies: with one liar among honest operators, and with all of them liars who agree (of a quorum: as many as must agree). */
export type Cell = Outcome | readonly [one: Outcome, all: Outcome];

export interface Row {
  readonly lie: keyof typeof lies;
  /** After "A server says" or "gives". */
  readonly says: string;
  readonly cells: Readonly<Record<Way, Cell>>;
}

const row = (lie: Row['lie'], says: string, server: Cell, quorum: Cell, quick: Cell, snv: Cell, history: Cell, filters: Cell, replay: Cell): Row => ({
  lie,
  says,
  cells: { server, quorum, quick, snv, history, filters, replay },
});
/** A lie of headers that the levels with several sources of them see through. */
const ofHeaders = (lie: Row['lie'], says: string, alone: Outcome, code: Outcome = alone): Row => {
  const among: Cell = ['named', code];
  return row(lie, says, alone, alone, among, among, among, among, among);
};
/** A lie of a core node about a name: the levels that prove a record refuse it alike. */
const ofNode = (lie: Row['lie'], says: string, server: Outcome, code: Outcome): Row => {
  const quorum: Cell = server === 'right' ? 'right' : ['named', server];
  return row(lie, says, server, quorum, code, code, code, code, 'right');
};
const ofTransactions = (lie: Row['lie'], says: string, code: Outcome): Row => row(lie, says, 'right', 'right', code, code, code, code, 'right');
const ofBlocks = (lie: Row['lie'], says: string, one: Outcome, code: Outcome): Row =>
  row(lie, says, 'right', 'right', 'right', 'right', 'right', [one, code], [one, code]);

const alone: Cell = ['named', 'believed'];

export const matrix: readonly Row[] = [
  ofHeaders('forged', 'a header nobody worked for', 'HeaderWork'),
  ofHeaders('weak', 'a header that claims less work than is due', 'HeaderBits'),
  ofHeaders('dated', 'a header older than the median before it', 'HeaderTime'),
  ofHeaders('light', 'a fork with less work, from below the anchor', 'believed', 'AnchorMismatch'),
  ofHeaders('heavyBelow', 'a fork with more work, from below the anchor', 'believed', 'AnchorMismatch'),
  row('lightAbove', 'a fork with less work, from above the anchor', 'believed', 'believed', ...five(['right', 'believed'])),
  row(
    'heavyAbove',
    'a fork with more work, from above the anchor',
    'believed',
    'believed',
    'believed',
    'believed',
    ['LevelNotReached', 'believed'],
    ['LevelNotReached', 'believed'],
    'believed',
  ),
  row(
    'warp',
    'the same with a time warp, where Bitcoin allows it (mainnet)',
    'believed',
    'believed',
    'believed',
    'believed',
    ['LevelNotReached', 'believed'],
    ['LevelNotReached', 'believed'],
    'believed',
  ),
  ofHeaders('warpBip94', 'the same under BIP 94 (testnet4)', 'HeaderTime'),
  row(
    'storm',
    'one fork now and another then (a storm of reorgs)',
    'right',
    'right',
    'right',
    'right',
    'LevelNotReached',
    ['LevelNotReached', 'right'],
    'right',
  ),
  ofHeaders('stale', 'nothing of the last blocks (`maxTipAge` set)', 'TipStale'),
  ofTransactions('branch', 'a wrong merkle branch', 'MerkleMismatch'),
  ofTransactions('foreign', 'another transaction', 'TransactionMismatch'),
  ofTransactions('untold', 'no transaction', 'TransactionMissing'),
  ofBlocks('withheld', 'no block', 'right', 'BlockMissing'),
  ofBlocks('emptied', 'a block without its transactions', 'named', 'MerkleMismatch'),
  ofBlocks('otherBlock', 'another block', 'named', 'MerkleMismatch'),
  ofNode('owner', 'another owner, in its record', 'believed', 'RecordMismatch'),
  ofNode('ownerThroughout', 'another owner, and another operation to fit', 'believed', 'OperationsMismatch'),
  ofNode('uncommitted', 'another value in a field that no hash covers', 'right', 'UncommittedField'),
  ofNode('doubled', 'one operation twice', 'right', 'OperationDuplicate'),
  ofNode('moved', 'an operation at another height, by swapped consensus hashes', 'believed', 'PositionMismatch'),
  row('lifetime', 'a namespace whose names last longer', 'believed', alone, ...five('right')),
  row('unknown', 'no such name', 'AbsenceNotProved', ['named', 'AbsenceNotProved'], ...four('AbsenceNotProved'), 'right'),
  row('hidden', 'nothing of a later transfer', 'believed', alone, 'believed', 'OperationHidden', 'named', 'named', 'right'),
  row(
    'swapped',
    'that, with two consensus hashes swapped',
    'believed',
    alone,
    'believed',
    'ConsensusMismatch',
    'UndecidedOperation',
    'UndecidedOperation',
    'right',
  ),
  row('shownEmpty', 'that, with its block shown empty', 'believed', alone, 'believed', 'ConsensusMismatch', 'ConsensusMismatch', 'ConsensusMismatch', 'right'),
  row('cut', 'that, and a block without it', 'believed', alone, 'believed', ...three('OperationsMismatch'), 'right'),
  row('unlisted', 'that, and no history with it', 'believed', alone, 'believed', 'OperationHidden', alone, 'named', 'right'),
  row('invented', 'a history with what never was', 'right', 'right', 'right', 'right', 'named', 'right', 'right'),
  row('filterChain', 'nothing of a later transfer, and filters to fit', 'believed', alone, 'believed', 'OperationHidden', 'named', alone, 'right'),
  row(
    'filterAlone',
    'that, and a filter that its header does not fit',
    'believed',
    alone,
    'believed',
    'OperationHidden',
    'named',
    ['named', 'FilterMismatch'],
    'right',
  ),
  row('drip', 'a byte now and then', ...six('HttpTimeout'), ['named', 'HttpTimeout']),
  row(
    'dripWatch',
    'histories, filters and blocks a byte now and then',
    'right',
    'right',
    'right',
    'right',
    ['right', 'LevelNotReached'],
    ['right', 'LevelNotReached'],
    ['right', 'HttpTimeout'],
  ),
  row('flood', 'bytes without end', ...six('HttpTooLarge'), ['named', 'HttpTooLarge']),
];

function three(cell: Cell): [Cell, Cell, Cell] {
  return [cell, cell, cell];
}

function four(cell: Cell): [Cell, Cell, Cell, Cell] {
  return [cell, cell, cell, cell];
}

function five(cell: Cell): [Cell, Cell, Cell, Cell, Cell] {
  return [...four(cell), cell];
}

function six(cell: Cell): [Cell, Cell, Cell, Cell, Cell, Cell] {
  return [...five(cell), cell];
}

/** What comes of it when one operator lies, and when all do. */
export function outcomesOf(cell: Cell): readonly [one: Outcome, all: Outcome] {
  return typeof cell === 'string' ? [cell, cell] : cell;
}

const heads: Readonly<Record<Way, string>> = {
  server: '`server`',
  quorum: '`quorum`',
  quick: '`snv`, quick',
  snv: '`snv`',
  history: '`history`',
  filters: '`filters`',
  replay: '`replay`',
};

/** The table as README.md shows it. */
export function markdownOf(rows: readonly Row[]): string {
  const say = (outcome: Outcome): string => (outcome === 'believed' ? '**believed**' : outcome === 'named' || outcome === 'right' ? outcome : `\`${outcome}\``);
  const cellOf = (cell: Cell): string => {
    const [one, all] = outcomesOf(cell);
    return one === all ? say(one) : `${say(one)} / ${say(all)}`;
  };
  const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const keys = Object.keys(heads) as Way[];
  return [
    lineOf(['a server gives', ...keys.map((way) => heads[way])]),
    lineOf(['---', ...keys.map(() => '---')]),
    ...rows.map(({ says, cells }) => lineOf([says, ...keys.map((way) => cellOf(cells[way]))])),
  ].join('\n');
}
