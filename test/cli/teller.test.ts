import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { answer, table } from '../../src/cli/answer.js';
import { teller } from '../../src/cli/teller.js';

function terminal(isTTY: boolean, columns = 60): { readonly told: () => string; readonly terminal: Parameters<typeof teller>[0] } {
  const [out, err] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY, columns })];
  return { told: () => String(err.read() ?? ''), terminal: { out, err } };
}

const CLEAR = '\r\u001b[2K';

test('a terminal sees a bar that stays in its line, and is taken away before a line is said', () => {
  const { told, terminal: where } = terminal(true);
  const tell = teller(where);
  tell.progress({ stage: 'headers', done: 500, total: 2000, unit: 'blocks' });
  expect(told()).toBe(`${CLEAR}headers [######------------------] 25% 500/2000 blocks`);
  tell.say('one thing happened');
  expect(told()).toBe(`${CLEAR}one thing happened\n`);
  tell.progress({ stage: 'a stage with a very long name that does not fit into the line', done: 1, total: 2 });
  expect(told().length).toBeLessThan(60 + CLEAR.length);
  tell.clear();
  tell.clear();
  expect(told()).toBe(CLEAR);
});

test('more done than there was to do, or nobody knows how much, is no fault', () => {
  const { told, terminal: where } = terminal(true);
  const tell = teller(where);
  tell.progress({ stage: 'a', done: 7, total: 5 }, 'alice.id');
  tell.progress({ stage: 'b', done: 7 });
  tell.progress({ stage: 'c', done: 0, total: 0, unit: 'blocks' });
  expect(told().split(CLEAR).slice(1)).toEqual([`alice.id a [${'#'.repeat(24)}] 100% 7/5 `, 'b 7 ', 'c 0 blocks']);
});

test('a pipe sees lines and no bar, and a quiet one nothing', () => {
  const pipe = terminal(false);
  const tell = teller(pipe.terminal);
  tell.progress({ stage: 'headers', done: 1, total: 2 });
  tell.say('sent');
  tell.clear();
  expect(pipe.told()).toBe('sent\n');
  const mute = terminal(true);
  const quiet = teller(mute.terminal, true);
  quiet.progress({ stage: 'headers', done: 1, total: 2 });
  quiet.say('sent');
  expect(mute.told()).toBe('');
});

test('what others wrote is shown without what a terminal obeys', () => {
  const { told, terminal: where } = terminal(true);
  const tell = teller(where);
  tell.say('\u001b[2J\u202eevil\n');
  tell.progress({ stage: 'x\u001b]0;owned\u0007', done: 1 });

  expect(told().replaceAll(CLEAR, '')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});

test('columns stand beneath one another', () => {
  expect(
    table([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'cc'],
    ]),
  ).toEqual(['  a    bb  c', '  aaa  b   cc']);
});

test.each([true, false])('an answer holds nothing a terminal obeys (json: %s)', (json) => {
  const out = new PassThrough();
  const call = {
    values: { json },
    words: [],
    terminal: { out, err: new PassThrough() },
    tell: teller(terminal(false).terminal),
    signal: new AbortController().signal,
    hint: null,
  };
  answer(call, { ok: true, zoneFile: '\u001b[2J\u009b1m' }, ['a\tb \u001b[2J\u009b1m\r\u202e', 'c']);
  const told = String(out.read());
  expect(told.replaceAll('\n', '').replaceAll('\t', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  expect(told.split('\n')).toHaveLength(json ? 2 : 3);
});
