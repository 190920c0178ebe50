import { expect, test } from 'vitest';
import type { Connect } from '../../../src/lib/jsonrpc.js';
import { electrumCalls, type ElectrumCall } from '../../../src/names/bitcoin/electrumCalls.js';
import { bitcoinRegtest } from '../../../src/names/bitcoin/network.js';

/** Servers in this process, one for each connection; each answers what it is asked, or, when it is dead, nothing. */
function world(): { call: ElectrumCall; asked: string[][]; dead: Set<number>; pass(ms: number): void; late(): void } {
  const asked: string[][] = [];
  const dead = new Set<number>();
  let time = 0;
  let deadlines: AbortController[] = [];
  const connect: Connect = (_, receiver) => {
    const number = asked.push([]) - 1;
    const send = (text: string): void => {
      const { id, method } = JSON.parse(text) as { id: number; method: string };
      asked[number]?.push(method);
      const results: Readonly<Record<string, unknown>> = { 'server.version': ['x', '1.4'], 'server.features': { genesis_hash: bitcoinRegtest.genesisHash } };
      if (!dead.has(number)) receiver.message(JSON.stringify({ id, result: results[method] ?? number }));
    };
    return Promise.resolve({ send, close: () => undefined });
  };
  const deadline = (): AbortSignal => {
    const controller = new AbortController();
    deadlines.push(controller);
    return controller.signal;
  };
  const { call } = electrumCalls({ url: 'test:', connect, params: bitcoinRegtest, timeout: 1000, now: () => time, deadline });
  return {
    call,
    asked,
    dead,
    pass: (ms) => void (time += ms),
    late: () => {
      for (const controller of deadlines) controller.abort();
      deadlines = [];
    },
  };
}

test('a connection that was left alone is tried before it is used again', async () => {
  const { call, asked, pass } = world();
  expect(await call('a', [], undefined)).toBe(0);
  pass(59_000);
  expect(await call('b', [], undefined)).toBe(0);
  pass(61_000);
  expect(await call('c', [], undefined)).toBe(0);
  expect(asked).toEqual([['server.version', 'server.features', 'a', 'b', 'server.ping', 'c']]);
});

test('one that died meanwhile gives way to another, and the call is made there', async () => {
  const { call, asked, dead, pass, late } = world();
  await call('a', [], undefined);
  pass(61_000);
  dead.add(0);
  const answer = call('b', [], undefined);
  await expect.poll(() => asked[0]?.at(-1)).toBe('server.ping');
  late();
  expect(await answer).toBe(1);
  expect(asked[1]).toEqual(['server.version', 'server.features', 'b']);
});

test('a caller who has given up opens nothing', async () => {
  const { call, asked } = world();
  await expect(call('a', [], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Aborted' });
  expect(asked).toEqual([]);
});
