import { throwIfAborted, type LongCallOptions } from '../../lib/clock.js';
import { isNamesteadError, NamesteadError } from '../../lib/errors.js';
import type { AsOf } from '../proof.js';
import type { HeaderChain } from './chain.js';
import type { Network } from './network.js';
import { keptTables, type Folded, type Snapshot } from './replaySnapshot.js';
import { applyBlock, createState, undoBlock, type RuleBlock, type State } from './rules.js';

/** A block to be folded, and what it was taken on: the header of its filter in hex, or nothing where it was read whole whatever its filter. */
export interface FedBlock extends RuleBlock {
  readonly mark: string;
}

/**
 * Gives blocks of the checked chain that follow one another as the rules need them; each is folded before the next is asked for. `before` is the mark of the
 * block beneath the first; where it does not hold any more, what was folded does not either, and `anew` is all that comes.
 */
export type BlockFeed = (blocks: readonly AsOf[], state: State, before: string, call: LongCallOptions) => AsyncIterable<FedBlock | 'anew'>;

/** The rules folded along a chain of headers. */
export interface ReplayFold {
  state(): State;
  /** The folded block at a height; null below the network's first block, above the tip, and where the chain no longer is the one folded. */
  blockAt(height: number): AsOf | null;
  /** Takes back what has left the chain, and folds on to its tip. What was folded before an error stays. */
  follow(call: LongCallOptions): Promise<void>;
}

/** Blocks looked at between two looks at the chain. */
const STRETCH = 2000;

export interface ReplayFoldOptions {
  /** How many blocks can be taken back; default 1000. */
  readonly undoDepth?: number;
  /** What an earlier fold of the same network left. */
  readonly snapshot?: Snapshot | null;
  /** Told after each stretch of blocks. */
  readonly onStretch?: (snapshot: Snapshot) => Promise<void>;
}

/** A fold from the network's first block on, or from a snapshot. Where a reorganisation goes deeper than is remembered, it begins anew. */
export function createReplayFold(network: Network, chain: HeaderChain, feed: BlockFeed, options: ReplayFoldOptions = {}): ReplayFold {
  const { undoDepth = 1000, snapshot, onStretch } = options;
  let tables = snapshot?.tables ?? keptTables();
  let state = createState(network, { undoDepth, tables });
  const folded = snapshot?.folded ?? new Map<number, Folded>();
  const begun = (): boolean => state.height >= network.firstBlock;
  const stands = (): boolean => !begun() || folded.get(state.height)?.hash === chain.hashAt(state.height);
  const beginAnew = (): void => {
    tables = keptTables();
    state = createState(network, { undoDepth, tables });
    folded.clear();
  };

  const unwind = (): void => {
    while (!stands()) {
      folded.delete(state.height);
      if (!takeBack(state)) beginAnew();
    }
  };

  return {
    state: () => state,
    blockAt: (height) => (height >= network.firstBlock && height <= state.height && stands() ? blockOf(chain, height) : null),
    follow: async (call) => {
      for (let [isAsked, isAnew] = [false, false]; ; isAsked = true) {
        unwind();
        const { height: tip } = chain.tip();
        const next = stretch(chain, state.height + 1, Math.min(tip, state.height + STRETCH));
        // Without new blocks the feed is asked all the same whether the old ones hold.
        if (next.length === 0 && (isAsked || !begun())) return;
        let at = 0;
        for await (const block of feed(next, state, folded.get(state.height)?.mark ?? '', call)) {
          throwIfAborted(call.signal, 'the replay');
          if (block === 'anew') {
            if (isAnew) throw new NamesteadError('SourcesDisagree', `what is told of block ${state.height} is another thing each time: ask once more`);
            isAnew = true;
            beginAnew();
            break;
          }
          applyBlock(state, block);
          folded.set(block.height, { hash: next[at++]?.hash ?? '', mark: block.mark });
          // One more than can be undone: what the oldest page leads back to.
          folded.delete(block.height - undoDepth - 1);
          call.onProgress?.({ stage: 'replay', done: block.height - network.firstBlock + 1, total: tip - network.firstBlock + 1, unit: 'blocks' });
        }
        if (begun() && next.length > 0) await onStretch?.({ tables, folded });
      }
    },
  };
}

function takeBack(state: State): boolean {
  try {
    undoBlock(state);
    return true;
  } catch (error) {
    if (!isNamesteadError(error, 'ReorgTooDeep')) throw error;
    return false;
  }
}

function stretch(chain: HeaderChain, from: number, to: number): AsOf[] {
  const blocks = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => blockOf(chain, from + i));
  return blocks.filter((block) => block !== null);
}

function blockOf(chain: HeaderChain, height: number): AsOf | null {
  const header = chain.at(height);
  return header && { height, hash: header.hash, time: header.time };
}
