import { fromHex, toHex } from '../../lib/bytes.js';
import { BURN_ADDRESS } from './price.js';
import { isRevealed } from './namespaceRule.js';
import { balanceOf } from './operationRecord.js';
import { scriptOfAddress } from './script.js';
import type { State } from './state.js';
import type { Change } from './undo.js';

/**
 * The output scripts of which the next block must spend or pay one if the fold is to accept anything in it; BNS (h), end: the burn
 * address, creators of namespaces that pay them, senders of preorders, owners, reveal recipients, import keychains and token accounts.
 * Each once. The set is closed on a network that is `filterable`: a block whose BIP 158 filter matches none of it changes no state,
 * since the first operation accepted in a block comes from, or pays, a script known before it. Elsewhere preorders may pay anybody.
 * Walks everything the state holds.
 * @example [...watchedScripts(state)].some((script) => filterMatches(script))
 */
export function* watchedScripts(state: State): Generator<Uint8Array, void, undefined> {
  const seen = new Set<string>();
  for (const script of scripts(state)) {
    if (seen.has(script)) continue;
    seen.add(script);
    yield fromHex(script);
  }
}

/** {@link watchedScripts} kept while blocks are folded: at least those, and for a while some that may act no more. */
export interface WatchedSet {
  scripts(): readonly Uint8Array[];
  /** After each block that was folded. */
  follow(): void;
}

/** Scripts that stay though they may act no more cost a block read in vain now and then; beyond so many all is walked again. */
const MOST_STALE = 1000;

/**
 * Walks the state once, and then only what each block changed.
 * @example
 * const watched = watchedSet(state);
 * applyBlock(state, block);
 * watched.follow();
 */
export function watchedSet(state: State): WatchedSet {
  let seen = new Set<string>();
  let list: Uint8Array[] | null = null;
  let walked = 0;
  const walk = (): Uint8Array[] => {
    seen = new Set(scripts(state));
    list = [...seen].map(fromHex);
    walked = list.length;
    return list;
  };
  return {
    scripts: () => list ?? walk(),
    follow: () => {
      if (!list) return;
      for (const change of state.page) {
        const came = broughtBy(state, change);
        if (came === null || list.length > 2 * walked + MOST_STALE) return void (list = null);
        if (came === '' || seen.has(came)) continue;
        seen.add(came);
        list.push(fromHex(came));
      }
    },
  };
}

/** The script that a change lets act; empty when it lets none, null when it may be many. */
function broughtBy(state: State, change: Change): string | null {
  if ('index' in change) return change.index === state.byOwner.name && change.added ? change.key : '';
  const key = String(change.key);
  switch (change.table) {
    case state.preorders.name:
      return state.preorders.get(key)?.sender ?? '';
    case state.namespacePreorders.name:
      return state.namespacePreorders.get(key)?.sender ?? '';
    case state.accounts.name:
      return scriptOf(key);
    case state.namespaces.name:
    case state.keychains.name:
      return null;
    default:
      return '';
  }
}

/** Hex, some more than once. */
function* scripts(state: State): Generator<string> {
  yield scriptOf(BURN_ADDRESS);
  for (const preorder of state.preorders.values()) yield preorder.sender;
  for (const preorder of state.namespacePreorders.values()) yield preorder.sender;
  yield* state.byOwner.keys();
  for (const address of state.accounts.keys()) {
    const account = state.accounts.get(address);
    if (account && balanceOf(account) > 0n) yield scriptOf(address);
  }
  // Tokens come free without any operation that would show it, and may be spent in that very block.
  for (const due of Object.values(state.network.vesting ?? {})) for (const address of Object.keys(due)) yield scriptOf(address);
  yield* namespaceScripts(state);
}

function* namespaceScripts(state: State): Generator<string> {
  for (const namespace of state.namespaces.values()) {
    if (namespace.version === 2) yield scriptOf(namespace.address);
    if (!isRevealed(namespace, state.height)) continue;
    yield namespace.recipient;
    const key = state.keychains.get(namespace.id);
    if (key !== undefined) for (const address of state.memo.keychainOf(key).addresses()) yield scriptOf(address);
  }
}

function scriptOf(address: string): string {
  return toHex(scriptOfAddress(address));
}
