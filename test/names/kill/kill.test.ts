import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressOf } from '../../../src/lib/address.js';
import { fromUtf8, toHex } from '../../../src/lib/bytes.js';
import { generatePrivateKey, signerOf, type PrivateKey } from '../../../src/lib/key.js';
import { openNamespace } from '../../../src/names/namespace.js';
import { register } from '../../../src/names/registration.js';
import { fileJournal } from '../../../src/names/adapters/fileJournal.js';
import { startWorld, type TestWorld } from '../world.js';
import { pointsOf } from './points.js';

const BITCOIND = process.env['BITCOIND'] ?? '';
const rules = { lifetime: 52595, coeff: 1, base: 1, buckets: new Array<number>(16).fill(0), nonalphaDiscount: 1, noVowelDiscount: 1, version: 1 };
const child = fileURLToPath(new URL('child.mts', import.meta.url));

interface Ended {
  readonly killed: boolean;
  /** How many points it passed; null: it did not come so far. */
  readonly points: number | null;
}

interface Life {
  readonly name: string;
  readonly owner: string;
  readonly key: PrivateKey;
  readonly directory: string;
}

class Killed extends Error {}

/** Every point in this process, where a death is an exception, and some of them in processes of their own, which are killed. */
describe.each([{ kind: 'memory', path: undefined, every: 1 }, ...(BITCOIND === '' ? [] : [{ kind: 'bitcoind', path: BITCOIND, every: 7 }])])(
  'a registration on $kind',
  ({ path, every }) => {
    let net: TestWorld;
    let count = 0;
    beforeAll(async () => {
      net = await startWorld(path);
      await openNamespace({ ...(await net.world()), namespace: 'kill', rules, owner: await net.payer(6_000n), payer: await net.payer(60_000_000n) }, net.miner);
    }, 60_000);
    afterAll(() => net.close());

    const inProcess = async ({ name, owner, key, directory }: Life, point: number): Promise<Ended> => {
      const die = (): never => {
        throw new Killed();
      };
      const { world, publish, passed } = pointsOf({ ...(await net.world()), journal: fileJournal({ directory }) }, point, die);
      try {
        await register({ ...world, publish, name, zoneFile: fromUtf8('zone file'), owner, payer: signerOf(key) }, net.miner);
        return { killed: false, points: passed() };
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        return { killed: true, points: null };
      }
    };

    const inChild = ({ name, owner, key, directory }: Life, point: number): Promise<Ended> =>
      new Promise((resolve, reject) => {
        const words = [net.bitcoin.esploraUrl, net.nodeUrl, directory, name, owner, toHex(key), String(point)];
        const process_ = spawn(process.execPath, ['--import', 'tsx', child, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
        let told = '';
        process_.stdout.on('data', (part: Uint8Array) => {
          told += new TextDecoder().decode(part);
          if (new TextDecoder().decode(part).includes('sent')) void net.mine();
        });
        process_.once('error', reject);
        process_.once('close', (_, signal) => {
          const points = /done (\d+)/.exec(told);
          resolve({ killed: signal === 'SIGKILL', points: points ? Number(points[1]) : null });
        });
      });

    /** A registration killed at a point, then gone on with by another; between them, blocks may come and go. */
    const killedAt = async (point: number, run: typeof inChild, meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<Ended> => {
      const key = generatePrivateKey();
      await net.bitcoin.fund(addressOf(signerOf(key).publicKey, 111), 100_000n);
      await net.mine();
      const from = await net.height();
      const { directory, indexer } = await net.world();
      const life = { name: `kill${++count}.kill`, owner: addressOf(signerOf(generatePrivateKey()).publicKey), key, directory };
      const ended = await run(life, point);
      if (ended.killed) {
        await meanwhile();
        // The next one dies too, a little later.
        if (point % 4 === 0) await run(life, point / 2);
        // From another process nothing is there but the folder.
        expect((await inProcess(life, 0)).killed).toBe(false);
      }
      await net.mine();
      expect([await net.minedSince(from), `killed at ${point}`]).toEqual([['?', ':'], `killed at ${point}`]);
      expect(await indexer.nameRecord(life.name)).toMatchObject({ address: life.owner });
      expect(await net.bitcoin.rpc('getrawmempool', [])).toEqual([]);
      return ended;
    };
    const reorganise = async (): Promise<void> => {
      await net.mine();
      await net.bitcoin.reorg(1);
      await net.mine();
    };

    it('that dies right before or right after any write or broadcast ends with one preorder, one registration and the name', async () => {
      const { points } = await killedAt(0, inProcess);
      expect(points).toBeGreaterThanOrEqual(24);
      for (let point = 1; point <= Number(points); point += every) expect((await killedAt(point, inProcess)).killed, `point ${point}`).toBe(true);
    }, 120_000);

    it('that dies while a reorg takes its blocks ends so too', async () => {
      const { points } = await killedAt(0, inProcess);
      for (let point = 1; point <= Number(points); point += 4 * every) await killedAt(point, inProcess, reorganise);
    }, 120_000);

    it('whose process is killed ends so too, with a reorg and without', async () => {
      const { points } = await killedAt(0, inChild);
      expect(points).toBe((await killedAt(0, inProcess)).points);
      for (const point of [2, 8, 17]) expect((await killedAt(point, inChild)).killed, `point ${point}`).toBe(true);
      for (const point of [12]) await killedAt(point, inChild, reorganise);
    }, 120_000);
  },
);
