import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNamesteadError } from '../../src/lib/errors.js';
import { PERIOD } from '../../src/names/bitcoin/header.js';
import type { Lookup } from '../../src/names/names.js';
import { lookupBy, ways, type Way } from './levels.js';
import { createScene, honestOperator, lies, serve, serving, stormOf, type Lie, type Operator, type Scene } from './liars.js';
import { markdownOf, matrix, outcomesOf, type Outcome, type Row } from './matrix.js';

let early: Scene;
/** Its anchor is the last block of a period. */
let late: Scene;
let stop: () => Promise<void>;
beforeAll(async () => {
  [early, late, stop] = [await createScene(), await createScene(PERIOD - 16), await serve()];
});
afterAll(() => stop());

/** What an answer says, and of which blocks. */
function factsOf({ record, evidence: { asOf, tip } }: Lookup): unknown {
  return { record, asOf, tip };
}

const known = new Map<string, Promise<unknown>>();

/** The answers that are right: what honest operators lead to, on either fork where honest ones may follow either. */
async function truthsOf(way: Way, { lie }: Row, scene: Scene): Promise<unknown[]> {
  const ask = (fork: boolean): Promise<unknown> => {
    const key = `${way} ${scene === late} ${fork}`;
    const operators = ['a', 'b', 'c'].map((name): Operator => {
      const honest = honestOperator(scene, name);
      return fork ? { ...honest, ...serving(honest, scene, stormOf(scene)) } : honest;
    });
    const facts =
      known.get(key) ??
      lookupBy(way, scene, operators)
        .lookup('alice.id')
        .then((found) => found && factsOf(found));
    known.set(key, facts);
    return facts;
  };
  return Promise.all(lie === 'storm' ? [ask(false), ask(true)] : [ask(false)]);
}

const lieOf = ({ lie }: Row): Lie => lies[lie];

async function outcomeOf(way: Way, row: Row, all: boolean): Promise<Outcome> {
  const scene = row.lie.startsWith('warp') ? late : early;
  const liar = (name: string): Operator => {
    const honest = honestOperator(scene, name);
    return { ...honest, ...lieOf(row)(honest, scene) };
  };
  const honest = (name: string): Operator => honestOperator(scene, name);
  const two = [liar('liar'), liar('friend')];
  const operators = !all ? [liar('liar'), honest('a'), honest('b')] : way === 'quorum' ? [...two, honest('a')] : two;
  const network = row.lie === 'warpBip94' ? { ...scene.network, bitcoin: { ...scene.network.bitcoin, bip94: true } } : scene.network;
  const truths = await truthsOf(way, row, scene);
  try {
    const found = await lookupBy(way, scene, operators, network).lookup('alice.id');
    if (!found || !truths.some((truth) => JSON.stringify(truth) === JSON.stringify(factsOf(found)))) return 'believed';
    return found.evidence.disagreed.includes('liar') ? 'named' : 'right';
  } catch (error) {
    if (isNamesteadError(error)) return error.code;
    throw error;
  }
}

describe.each(matrix)('of a server that gives $says', (row) => {
  test.each(ways)('%s makes what the table says', async (way) => {
    const [one, all] = outcomesOf(row.cells[way]);
    expect({ one: await outcomeOf(way, row, false), all: await outcomeOf(way, row, true) }).toEqual({ one, all });
  });
});

test('every lie that is told stands in the table once', () => {
  expect(matrix.map(({ lie }) => lie).sort()).toEqual(Object.keys(lies).sort());
});

test('README.md shows this table', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  // Prettier lines up the columns of a table.
  const plain = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
  expect(plain(readme)).toContain(plain(markdownOf(matrix)));
});
