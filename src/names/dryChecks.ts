import type { CallOptions } from '../lib/clock.js';
import { isNamesteadError, type ErrorCode } from '../lib/errors.js';
import { epochAt } from './bitcoin/epoch.js';
import { isInGrace, isUnexpired, REVEAL_LIFETIME, type NamespaceLife } from './bitcoin/expiry.js';
import type { Network } from './bitcoin/network.js';
import { BURN_ADDRESS } from './bitcoin/price.js';
import { DEAREST, quoteName, quoteNamespace, type Quote } from './bitcoin/quote.js';
import { MAX_NAMES_PER_SENDER } from './bitcoin/rule.js';
import { findName, findNamespace, findStanding, type NameStanding, type NamespaceStanding, type StandingWorld } from './bitcoin/standing.js';
import { isNameValid, isNamespaceValid, parseName } from './name.js';

/** One question that was asked before anything is paid. */
export interface Check {
  readonly check:
    | 'name valid'
    | 'name available'
    | 'namespace ready'
    | 'namespace available'
    | 'namespace open for imports'
    | 'importer allowed'
    | 'owner is sender'
    | 'not revoked'
    | 'not expired'
    | 'not in grace'
    | 'price paid'
    | 'quota of the recipient'
    | 'quota of the sender'
    | 'recipient allowed'
    | 'consensus hash fresh'
    | 'tokens known'
    | 'zone file fits'
    | 'payload valid'
    | 'inputs allowed'
    | 'funds suffice';
  readonly ok: boolean;
  /** In words: why not, or what holds. */
  readonly why: string;
}

/** What the world says now, and the checks made of it so far. */
export interface Facts {
  readonly nextHeight: number;
  /** Zeros where none is fresh. */
  readonly consensusHash: string;
  readonly burn: string;
  readonly checks: readonly Check[];
  /** `refusal` null: it holds, as `why` says. */
  tell(check: Check['check'], refusal: string | null, why: string): void;
  checkFresh(): void;
  checkFree(name: string, owner: string, payer: string): Promise<void>;
  checkOwned(name: string, owner: string): Promise<void>;
  checkRenewable(name: string, owner: string): Promise<void>;
  checkRecipient(to: string, from: string): Promise<void>;
  checkPrice(name: string, maxPrice: bigint | undefined): Promise<Quote>;
  checkImport(name: string, importer: string): Promise<void>;
  checkNamespace(id: string, maxPrice: bigint | undefined): Promise<{ readonly price: bigint; readonly tokens: bigint | null }>;
}

interface FactWorld extends StandingWorld {
  readonly network: Network;
  readonly namesOwned?: ((address: string, options: CallOptions) => Promise<number>) | undefined;
}

export async function openFacts(world: FactWorld, options: CallOptions): Promise<Facts> {
  const { network, indexer, namesOwned } = world;
  const checks: Check[] = [];
  const tell: Facts['tell'] = (check, refusal, why) => void checks.push({ check, ok: refusal === null, why: refusal ?? why });
  const fresh = await answered(() => findStanding(world, options), 'ConsensusStale');
  const nextHeight = typeof fresh === 'string' ? (await indexer.tip(options)).height + 1 : fresh.nextHeight;
  const by = `says ${indexer.operator}`;
  const validOrNull = (name: string): string | null => {
    const valid = isNameValid(name);
    tell(
      'name valid',
      valid ? null : `${JSON.stringify(name)} is no name: write label.namespace of a-z, 0-9, - and _, 37 characters at the most`,
      'the name is well formed',
    );
    return valid ? parseName(name).namespace : null;
  };
  const checkQuota = async (check: 'quota of the recipient' | 'quota of the sender', address: string): Promise<void> => {
    const owned = await namesOwned?.(address, options);
    const full = owned !== undefined && owned >= MAX_NAMES_PER_SENDER;
    tell(
      check,
      full ? `${address} owns ${owned} names, and ${MAX_NAMES_PER_SENDER} are the most` : null,
      owned === undefined
        ? `not known how many names ${address} owns: ${MAX_NAMES_PER_SENDER} are the most`
        : `${address} owns ${owned} of ${MAX_NAMES_PER_SENDER} names`,
    );
  };
  const checkReady = (id: string, namespace: NamespaceStanding | null): void =>
    tell('namespace ready', namespace?.ready ? null : `namespace ${id} is ${namespace ? 'not ready yet' : 'not open'}, ${by}`, `namespace ${id} is ready`);
  /** The name, where it lives. */
  const checkHeld = async (name: string, owner: string): Promise<{ readonly held: NameStanding; readonly life: NamespaceLife } | null> => {
    const id = validOrNull(name);
    const [namespace, held] = id === null ? [null, null] : [await findNamespace(world, id, options), await findName(world, name, options)];
    if (id !== null) checkReady(id, namespace);
    tell(
      'owner is sender',
      held?.owner === owner ? null : `${name} ${held ? `belongs to ${held.owner}, not to ${owner}` : 'is not registered'}, ${by}`,
      `${owner} owns it, ${by}`,
    );
    if (!held || !namespace) return null;
    tell('not revoked', held.revoked ? `${name} was revoked` : null, 'it was not revoked');
    const { revealBlock, readyBlock, lifetime } = namespace;
    const life = { revealBlock, readyBlock, lifetime };
    const lives = held.lastRenewed === 0 || isUnexpired(network, life, held.lastRenewed, nextHeight - 1);
    tell('not expired', lives ? null : `${name} expired`, 'it lives');
    return { held, life };
  };
  return {
    nextHeight,
    consensusHash: typeof fresh === 'string' ? '00'.repeat(16) : fresh.consensusHash,
    burn: BURN_ADDRESS,
    checks,
    tell,
    checkFresh: () =>
      typeof fresh === 'string'
        ? tell('consensus hash fresh', fresh, '')
        : tell('consensus hash fresh', null, `that of height ${fresh.height}, taken up to height ${fresh.until}`),
    checkFree: async (name, owner, payer) => {
      const id = validOrNull(name);
      if (id === null) return;
      const held = await findName(world, name, options);
      tell('name available', held ? `${name} belongs to ${held.owner}, ${by}` : null, `nobody has it, ${by}`);
      checkReady(id, await findNamespace(world, id, options));
      await checkQuota('quota of the recipient', owner);
      if (payer !== owner) await checkQuota('quota of the sender', payer);
      const early = owner.startsWith('3') && !epochAt(network, nextHeight).multisig;
      tell('recipient allowed', early ? 'script addresses own names from epoch 2 on' : null, 'the address may own names');
    },
    checkOwned: async (name, owner) => {
      const found = await checkHeld(name, owner);
      if (!found || found.held.lastRenewed === 0) return;
      const grace = isInGrace(network, found.life, found.held.lastRenewed, nextHeight);
      tell('not in grace', grace ? `${name} is in its grace period: it can only be renewed` : null, 'it is not in its grace period');
    },
    checkRenewable: async (name, owner) => {
      await checkHeld(name, owner);
      // An owner of exactly 25 names cannot renew to itself (spec b.5).
      await checkQuota('quota of the recipient', owner);
    },
    checkRecipient: async (to, from) => {
      const early = from.startsWith('3') && !epochAt(network, nextHeight).multisig;
      tell(
        'recipient allowed',
        to === from ? 'the recipient is the owner' : early ? 'script addresses give names away from epoch 2 on' : null,
        'the recipient is another',
      );
      await checkQuota('quota of the recipient', to);
    },
    checkPrice: async (name, maxPrice = DEAREST) => {
      const quote = isNameValid(name)
        ? await answered(() => quoteName(name, nextHeight, world, options), 'NamespaceNotReady', 'NameUnaffordable')
        : 'no name, no price';
      if (typeof quote === 'string') {
        tell('price paid', quote, '');
        return { price: 0n, payee: BURN_ADDRESS };
      }
      const { price, payee } = quote;
      tell('price paid', price > maxPrice ? `${name} costs ${price} satoshi, more than the ${maxPrice} allowed` : null, `${price} satoshi to ${payee}, ${by}`);
      return quote;
    },
    checkImport: async (name, importer) => {
      const id = validOrNull(name);
      const namespace = id === null ? null : await findNamespace(world, id, options);
      const open = namespace !== null && !namespace.ready && nextHeight - 1 < namespace.revealBlock + REVEAL_LIFETIME;
      const closed = namespace?.ready
        ? 'is ready: names are registered there'
        : namespace
          ? `was not made ready in ${REVEAL_LIFETIME} blocks`
          : 'is not revealed';
      tell('namespace open for imports', open ? null : `namespace ${String(id)} ${closed}, ${by}`, 'it is revealed and not ready');
      const first = namespace?.revealer ?? null;
      tell(
        'importer allowed',
        importer.startsWith('1') ? null : 'names are imported from p2pkh addresses',
        first === importer ? 'it is the reveal address' : `it must be a child of ${String(first)}, which imports first`,
      );
    },
    checkNamespace: async (id, maxPrice) => {
      const valid = isNamespaceValid(id);
      tell('name valid', valid ? null : `${JSON.stringify(id)} is no namespace: write 1 to 19 of a-z, 0-9, - and _`, 'the id is well formed');
      if (!valid) return { price: 0n, tokens: null };
      tell(
        'namespace available',
        (await findNamespace(world, id, options)) ? `the namespace ${id} is revealed already, ${by}` : null,
        `nobody revealed it, ${by}`,
      );
      const { price, tokens } = quoteNamespace(id, nextHeight, network);
      const dear = maxPrice !== undefined && price > maxPrice;
      tell(
        'price paid',
        dear ? `it costs ${price} satoshi, more than the ${maxPrice} allowed` : null,
        tokens === null ? `${price} satoshi, burned` : `${tokens} micro-STACKS, which the payer must hold`,
      );
      return { price, tokens };
    },
  };
}

/** The answer, or what an error of these codes says. */
async function answered<T extends object>(ask: () => Promise<T>, ...codes: readonly ErrorCode[]): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if (codes.some((code) => isNamesteadError(error, code)) && error instanceof Error) return error.message;
    throw error;
  }
}
