import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSession, type Connect, type JsonRpcSession, type Receiver } from '../../src/lib/jsonrpc.js';

const code = (value: string): unknown => expect.objectContaining({ code: value });
const never = (): AbortSignal => new AbortController().signal;

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A server in this process: what it was sent, and the receiver it may tell anything. */
async function session(deadline: (ms: number) => AbortSignal = never): Promise<JsonRpcSession & { sent: Call[]; receiver: Receiver; closed: () => number }> {
  const sent: Call[] = [];
  let closed = 0;
  const told: Receiver[] = [];
  const connect: Connect = (_, receiver) => {
    told.push(receiver);
    return Promise.resolve({ send: (text) => void sent.push(JSON.parse(text) as Call), close: () => void closed++ });
  };
  const opened = await openSession(connect, 'test:', { deadline });
  const [receiver] = told;
  if (!receiver) throw new Error('it did not connect');
  return { ...opened, sent, receiver, closed: () => closed };
}
const answerTo = (id: number, result: unknown): string => JSON.stringify({ jsonrpc: '2.0', id, result });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a session', () => {
  test('gives each call its own answer, in whatever order they come and whatever else is said', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 12 }), fc.infiniteStream(fc.nat()), async (values, dice) => {
        const { call, sent, receiver } = await session();
        const results = values.map((value) => call('echo', [value]));
        await turn();
        for (const waiting = [...sent]; waiting.length > 0;) {
          const roll = Number(dice.next().value);
          if (roll % 3 === 0) receiver.message('{"jsonrpc":"2.0","method":"news","params":[]}');
          const [one] = waiting.splice(roll % waiting.length, 1);
          if (one) receiver.message(answerTo(one.id, one.params[0]));
        }
        expect(JSON.stringify(await Promise.all(results))).toBe(JSON.stringify(values));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('has no more under way than its limits add up to, and room for the largest of them', async () => {
    const { call, sent, receiver } = await session();
    const large = { limit: 40 << 20 };
    const results = [call('a', [], large), call('b', [], large), call('c', [], { limit: 100 }), call('d', [], large)];
    await turn();
    expect(sent.map(({ method }) => method)).toEqual(['a']);
    expect(receiver.room()).toBe(40 << 20);
    receiver.message(answerTo(1, 1));
    await turn();
    expect(sent.map(({ method }) => method)).toEqual(['a', 'b', 'c']);
    receiver.message(answerTo(3, 3));
    receiver.message(answerTo(2, 2));
    await turn();
    receiver.message(answerTo(4, 4));
    expect(await Promise.all(results)).toEqual([1, 2, 3, 4]);
    expect(receiver.room()).toBe(1 << 16);
  });

  test('keeps the room of a call whose caller gave up till its answer is there, and starts none that was given up before', async () => {
    const { call, sent, receiver } = await session();
    const [first, second] = [new AbortController(), new AbortController()];
    const large = { limit: 40 << 20 };
    const a = call('a', [], { ...large, signal: first.signal });
    const b = call('b', [], { ...large, signal: second.signal });
    const c = call('c', [], large);
    await turn();
    first.abort();
    second.abort();
    await expect(a).rejects.toThrow(code('Aborted'));
    await expect(b).rejects.toThrow(code('Aborted'));
    expect(sent.map(({ method }) => method)).toEqual(['a']);
    receiver.message(answerTo(1, 'nobody waits'));
    await turn();
    expect(sent.map(({ method }) => method)).toEqual(['a', 'c']);
    receiver.message(answerTo(2, 'c'));
    expect(await c).toBe('c');
  });

  test('that is over fails what waits and what comes, with the reason, and closes once', async () => {
    const { call, over, close, receiver, closed } = await session();
    const waits = call('a', []);
    await turn();
    receiver.message('garbage');
    await expect(waits).rejects.toThrow(code('HttpMalformed'));
    await expect(call('b', [])).rejects.toThrow(code('HttpMalformed'));
    expect(over()?.code).toBe('HttpMalformed');
    receiver.message(answerTo(1, 1));
    close();
    expect(over()?.code).toBe('HttpMalformed');
    expect(closed()).toBe(1);
  });

  test('ends when a call is late, though others are answered', async () => {
    const late = new AbortController();
    const { call, receiver } = await session((ms) => (ms === 7 ? late.signal : never()));
    const slow = call('slow', [], { timeout: 7 });
    const other = call('other', []);
    await turn();
    receiver.message(answerTo(2, 2));
    expect(await other).toBe(2);
    late.abort();
    await expect(slow).rejects.toThrow(code('HttpTimeout'));
    await expect(call('more', [])).rejects.toThrow(code('HttpTimeout'));
  });

  test('tells the reason of a refusal, whatever form it has', async () => {
    for (const [error, reason] of [
      [{ code: 1, message: 'history too large' }, /history too large/],
      ['words alone', /words alone/],
      [{ code: 'x' }, /no reason/],
      [5, /no reason/],
    ] as const) {
      const { call, receiver } = await session();
      const refused = call('a', []);
      await turn();
      receiver.message(JSON.stringify({ id: 1, error }));
      await expect(refused).rejects.toThrow(reason);
      await expect(refused).rejects.toThrow(code('ServerFailed'));
    }
  });

  test('meets any message with an answer, with silence or with an error of its own', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.record({ id: fc.oneof(fc.nat(3), fc.jsonValue()), result: fc.jsonValue(), error: fc.jsonValue() }).map((value) => JSON.stringify(value)),
        ),
        async (text) => {
          const { call, receiver, over } = await session();
          const waits = call('a', []).then(
            () => 'answered',
            (error: unknown) => (error as { code?: unknown }).code,
          );
          await turn();
          expect(() => receiver.message(text)).not.toThrow();
          if (!over()) receiver.closed(Object.assign(new Error('gone'), { name: 'NamesteadError', code: 'HttpFailed' }) as never);
          expect(['answered', 'HttpMalformed', 'HttpFailed', 'ServerFailed']).toContain(await waits);
        },
      ),
      { seed: 2, numRuns: 2000 },
    );
  });
});
