import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generatePrivateKey, parsePrivateKey, publicKeyOf, signerOf } from '../../src/lib/key.js';
import { verifyAuthRequest } from '../../src/auth/request.js';
import { makeAuthResponse } from '../../src/auth/response.js';
import { memorySession, parseSession, session } from '../../src/auth/session.js';

const clock = { now: () => Date.parse('2026-11-20T12:00:00Z') };
const domain = 'https://app.example';
const alice = signerOf(parsePrivateKey('11'.repeat(32)));
const appKey = parsePrivateKey('33'.repeat(32));

type Step = 'begin' | 'answer' | 'old answer' | 'forged answer' | 'end';

describe('a session', () => {
  it('is out, pending or in, and moves only as it may, whatever comes in whatever order', async () => {
    const steps = fc.array(fc.constantFrom<Step>('begin', 'answer', 'old answer', 'forged answer', 'end'), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const store = memorySession();
        const me = session({ domain, store, clock });
        let kind: 'out' | 'pending' | 'in' = 'out';
        let newest = publicKeyOf(generatePrivateKey());
        let older = newest;
        const answer = (transit: typeof newest) => makeAuthResponse(transit, { appKey }, alice, { clock });
        const outcome = (work: Promise<unknown>): Promise<string> =>
          work.then(
            () => 'done',
            (error: unknown) => (error as { code: string }).code,
          );
        for (const step of sequence) {
          if (step === 'begin') {
            const began = me.begin();
            expect(await outcome(began)).toBe(kind === 'in' ? 'SignInRejected' : 'done');
            if (kind !== 'in') {
              older = newest;
              newest = verifyAuthRequest(await began, { clock }).transit;
              kind = 'pending';
            }
          } else if (step === 'end') {
            await me.end();
            kind = 'out';
          } else {
            const response = step === 'forged answer' ? 'a.b.c' : await answer(step === 'answer' ? newest : older);
            const wrong = step === 'forged answer' ? 'TokenInvalid' : step === 'answer' ? 'done' : 'ResponseUnbound';
            expect(await outcome(me.finish(response))).toBe(kind === 'pending' ? wrong : 'SessionMissing');
            if (kind === 'pending' && wrong === 'done') kind = 'in';
          }
          expect(parseSession(await store.load()).kind).toBe(kind);
          expect((await me.user()) !== null).toBe(kind === 'in');
          if (kind !== 'pending') expect(await store.load()).not.toEqual(expect.stringContaining('transitKey'));
        }
      }),
      { numRuns: 25, seed: 20174 },
    );
  });
});
