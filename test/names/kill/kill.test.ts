import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf } from '../../../src/lib/address.js';
import { toHex } from '../../../src/lib/bytes.js';
import { generatePrivateKey, signerOf } from '../../../src/lib/key.js';
import { openNamespace } from '../../../src/names/namespace.js';
import { startWorld, type TestWorld } from '../world.js';

const BITCOIND = process.env['BITCOIND'] ?? '';
const rules = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 1, noVowelDiscount: 1, version: 1 };
const child = fileURLToPath(new URL('child.mts', import.meta.url));

interface Ended {
  readonly signal: string | null;
  /** How many points it passed; null: it did not come so far. */
  readonly points: number | null;
}

describe.each([{ kind: 'memory', path: undefined, every: 1 }, ...(BITCOIND === '' ? [] : [{ kind: 'bitcoind', path: BITCOIND, every: 7 }])])(
  'a process that registers a name on $kind',
  ({ path, every }) => {
    let net: TestWorld;
    let count = 0;
    beforeAll(async () => {
      net = await startWorld(path);
      await openNamespace({ ...(await net.world()), namespace: 'kill', rules, owner: await net.payer(6_000n), payer: await net.payer(60_000_000n) }, net.miner);
    }, 60_000);
    afterAll(() => net.close());

    const run = (words: readonly string[]): Promise<Ended> =>
      new Promise((resolve, reject) => {
        const process_ = spawn(process.execPath, ['--import', 'tsx', child, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
        let told = '';
        process_.stdout.on('data', (part: Uint8Array) => {
          told += new TextDecoder().decode(part);
          if (new TextDecoder().decode(part).includes('sent')) void net.mine();
        });
        process_.once('error', reject);
        process_.once('close', (_, signal) => {
          const points = /done (\d+)/.exec(told);
          resolve({ signal, points: points ? Number(points[1]) : null });
        });
      });

    /** A registration killed at a point, then finished by another process; between them, blocks may come and go. */
    const killedAt = async (point: number, meanwhile: () => Promise<unknown>): Promise<Ended> => {
      const key = generatePrivateKey();
      const payer = signerOf(key);
      await net.bitcoin.fund(addressOf(payer.publicKey, 111), 100_000n);
      await net.mine();
      const from = await net.height();
      const { directory } = await net.world();
      const name = `kill${++count}.kill`;
      const owner = addressOf(signerOf(generatePrivateKey()).publicKey);
      const words = [net.bitcoin.esploraUrl, net.nodeUrl, directory, name, owner, toHex(key)];
      const ended = await run([...words, String(point)]);
      if (ended.signal === 'SIGKILL') {
        await meanwhile();
        // The next one dies too, a little later.
        if (point % 4 === 0) await run([...words, String(point / 2)]);
        expect(await run([...words, '0'])).toMatchObject({ signal: null });
      }
      await net.mine();
      expect([await net.minedSince(from), `killed at ${point}`]).toEqual([['?', ':'], `killed at ${point}`]);
      const { indexer } = await net.world();
      expect(await indexer.nameRecord(name)).toMatchObject({ address: owner });
      expect(await net.bitcoin.rpc('getrawmempool', [])).toEqual([]);
      return ended;
    };

    it('and is killed right before or after any write or broadcast, ends with one preorder, one registration and the name', async () => {
      const whole = await killedAt(0, () => Promise.resolve());
      expect(whole.points).toBeGreaterThanOrEqual(24);
      for (let point = 1; point <= Number(whole.points); point += every)
        expect((await killedAt(point, () => Promise.resolve())).signal, `point ${point}`).toBe('SIGKILL');
    }, 240_000);

    it('and is killed while a reorg takes its blocks, ends so too', async () => {
      const whole = await killedAt(0, () => Promise.resolve());
      for (let point = 5; point <= Number(whole.points); point += 4 * every)
        await killedAt(point, async () => {
          await net.mine();
          await net.bitcoin.reorg(1);
          await net.mine();
        });
    }, 240_000);
  },
);
