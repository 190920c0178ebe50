import type { Devnet } from './devnet.js';

/**
 * Mines a block whenever transactions wait, until `stop` is called. Answers a function that stops it and waits for the last block.
 *
 * @example
 * const stop = mineWhenNeeded(devnet);
 * await client.register({ … });
 * await stop();
 */
export function mineWhenNeeded(devnet: Pick<Devnet, 'bitcoin' | 'mine'>, everyMs = 100): () => Promise<void> {
  let running = true;
  let wake: () => void = () => undefined;
  const work = async (): Promise<void> => {
    while (running) {
      const waiting = await devnet.bitcoin.rpc('getrawmempool', []);
      if (Array.isArray(waiting) && waiting.length > 0) await devnet.mine(1);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, everyMs);
      });
    }
  };
  const done = work();
  done.catch(() => undefined);
  return async () => {
    running = false;
    wake();
    await done;
  };
}
