/** The rules of one BNS network as data; spec (b.2), (b.5). Heights are Bitcoin block heights. */
export interface Epoch {
  /** 1..6 */
  readonly number: number;
  /** Last height, inclusive; `Infinity` for the last epoch. */
  readonly endBlock: number;
}

export interface Network {
  readonly name: string;
  /** Two ASCII bytes before every opcode. */
  readonly magic: string;
  readonly firstBlock: number;
  readonly epochs: readonly Epoch[];
  /** Heights before `firstBlock` whose consensus hash counts as fresh, with that hash. */
  readonly genesisConsensusHashes: Readonly<Record<number, string>>;
  /** Blocks a creator is paid for names of a version-2 namespace after its reveal. */
  readonly receiveFeesPeriod: number;
  /** STACKS balances in micro-STACKS by address before the first block; empty where none are known. */
  readonly genesisBalances: Readonly<Record<string, string | GenesisAccount>>;
  /** Micro-STACKS that come free later: by height, then by address. None when left out. */
  readonly vesting?: Readonly<Record<number, Readonly<Record<string, string>>>>;
  /** Confirmations an operation needs before it counts. */
  readonly confirmations: number;
  /**
   * False: accounts were given tokens before the first block that `genesisBalances` does not hold. From epoch 4 on the fold then refuses what
   * such accounts paid for, and its consensus hashes part from the network's. True when left out.
   */
  readonly genesisKnown?: boolean;
  /**
   * With true, a preorder must pay the burn address or a namespace's creator, so that every block the rules change anything in matches a
   * BIP 158 filter (see `watchedScripts`), and the network can be replayed from filters; BNS (h). False when left out: `.id` is not.
   */
  readonly filterable?: boolean;
  readonly bitcoin: BitcoinParams;
}

/** A balance with conditions; BNS (b.5). */
export interface GenesisAccount {
  /** Decimal micro-STACKS. */
  readonly amount: string;
  /** The first height at which its tokens may be transferred; paying for names is free of it. */
  readonly lockedUntil: number;
  /** Whether tokens may be transferred to it; true when left out. */
  readonly receives?: boolean;
}

/** Consensus parameters of the Bitcoin chain beneath. */
export interface BitcoinParams {
  readonly name: 'mainnet' | 'testnet3' | 'testnet4' | 'signet' | 'regtest';
  /** Display hex of block 0's hash. */
  readonly genesisHash: string;
  /** Block 0's 80 bytes, hex. */
  readonly genesisHeader: string;
  /** The easiest target, compact form. */
  readonly powLimitBits: number;
  /** Whether `bits` must never change (regtest). */
  readonly noRetargeting: boolean;
  /** Heights from which a block's version is at least 2, 3 and 4 (BIP 34, 66 and 65). */
  readonly versions: readonly [number, number, number];
  /** Whether a block more than twenty minutes after the one before it has the easiest target (testnets). */
  readonly twentyMinuteRule: boolean;
  /** Whether a period's first block may not be 600 seconds older than the one before it, and hands its own bits on (testnet4). */
  readonly bip94: boolean;
  /** Expected hashes that a chain worth believing has at least; 0 where there is no such bound. */
  readonly minimumChainWork: bigint;
  /** `none`: blocks cost nothing, or what they cost cannot be seen from headers (signet's signatures). */
  readonly work: 'proved' | 'none';
  /** Base58check versions and the segwit prefix for addresses of payments; BNS itself always writes 0 and 5. */
  readonly p2pkh: number;
  readonly p2sh: number;
  readonly bech32: string;
}

const MAINNET_GENESIS_CONSENSUS = '17ac43c1d8549c3181b200f1bf97eb7d';
/** A year in blocks, as BNS counts it; (b.7). */
export const BLOCKS_PER_YEAR = 52595;
const NO_BLOCK = '0000000000000000000000000000000000000000000000000000000000000000';
const GENESIS_MERKLE_ROOT = '3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a';

/** Bitcoin's main chain. */
export const bitcoinMainnet: BitcoinParams = {
  name: 'mainnet',
  genesisHash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  genesisHeader: `01000000${NO_BLOCK}${GENESIS_MERKLE_ROOT}29ab5f49ffff001d1dac2b7c`,
  powLimitBits: 0x1d00ffff,
  noRetargeting: false,
  versions: [227_931, 363_725, 388_381],
  twentyMinuteRule: false,
  bip94: false,
  // Up to block 878,976, the last of the checkpoints.
  minimumChainWork: 0xa6e78db05939f5b7a956f47bn,
  work: 'proved',
  p2pkh: 0,
  p2sh: 5,
  bech32: 'bc',
};

/** The testnet of 2011 with its twenty-minute rule. */
export const bitcoinTestnet3: BitcoinParams = {
  name: 'testnet3',
  genesisHash: '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943',
  genesisHeader: `01000000${NO_BLOCK}${GENESIS_MERKLE_ROOT}dae5494dffff001d1aa4ae18`,
  powLimitBits: 0x1d00ffff,
  noRetargeting: false,
  versions: [21_111, 330_776, 581_885],
  twentyMinuteRule: true,
  bip94: false,
  minimumChainWork: 0n,
  work: 'none',
  p2pkh: 111,
  p2sh: 196,
  bech32: 'tb',
};

/** The testnet of 2024 (BIP 94). */
export const bitcoinTestnet4: BitcoinParams = {
  name: 'testnet4',
  genesisHash: '00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043',
  genesisHeader: `01000000${NO_BLOCK}4e7b2b9128fe0291db0693af2ae418b767e657cd407e80cb1434221eaea7a07a046f3566ffff001dbb0c7817`,
  powLimitBits: 0x1d00ffff,
  noRetargeting: false,
  versions: [1, 1, 1],
  twentyMinuteRule: true,
  bip94: true,
  minimumChainWork: 0n,
  work: 'none',
  p2pkh: 111,
  p2sh: 196,
  bech32: 'tb',
};

/** The public signet (BIP 325). Its blocks are signed, which headers do not show: anybody can make them. */
export const bitcoinSignet: BitcoinParams = {
  name: 'signet',
  genesisHash: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
  genesisHeader: `01000000${NO_BLOCK}${GENESIS_MERKLE_ROOT}008f4d5fae77031e8ad22203`,
  powLimitBits: 0x1e0377ae,
  noRetargeting: false,
  versions: [1, 1, 1],
  twentyMinuteRule: false,
  bip94: false,
  minimumChainWork: 0n,
  work: 'none',
  p2pkh: 111,
  p2sh: 196,
  bech32: 'tb',
};

/** A private chain whose blocks cost nothing (bitcoind's regtest). */
export const bitcoinRegtest: BitcoinParams = {
  name: 'regtest',
  genesisHash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
  genesisHeader: `01000000${NO_BLOCK}${GENESIS_MERKLE_ROOT}dae5494dffff7f2002000000`,
  powLimitBits: 0x207fffff,
  noRetargeting: true,
  versions: [1, 1, 1],
  twentyMinuteRule: true,
  bip94: false,
  minimumChainWork: 0n,
  work: 'none',
  p2pkh: 111,
  p2sh: 196,
  bech32: 'bcrt',
};

/**
 * BNS as it ran on Bitcoin's main chain; (b.2). The STACKS balances of its genesis are not part of the consensus hash and not known here:
 * see `genesisKnown`.
 */
export const mainnet: Network = {
  name: 'mainnet',
  magic: 'id',
  firstBlock: 373601,
  epochs: [
    { number: 1, endBlock: 436650 },
    { number: 2, endBlock: 488500 },
    { number: 3, endBlock: 547921 },
    { number: 4, endBlock: 599866 },
    { number: 5, endBlock: 613249 },
    { number: 6, endBlock: Infinity },
  ],
  genesisConsensusHashes: {
    373597: MAINNET_GENESIS_CONSENSUS,
    373598: MAINNET_GENESIS_CONSENSUS,
    373599: MAINNET_GENESIS_CONSENSUS,
    373600: MAINNET_GENESIS_CONSENSUS,
  },
  receiveFeesPeriod: BLOCKS_PER_YEAR,
  genesisBalances: {},
  genesisKnown: false,
  confirmations: 6,
  bitcoin: bitcoinMainnet,
};

/**
 * BNS on Bitcoin's testnet4. The numbers are ours: the old testnets of BNS were started and thrown away at will. Names cost what they cost
 * in epoch 3, since from epoch 4 on namespaces take STACKS that nobody has here, and it can be replayed from filters.
 */
export const testnet: Network = {
  name: 'testnet',
  magic: 'id',
  firstBlock: 100_000,
  epochs: [{ number: 3, endBlock: Infinity }],
  genesisConsensusHashes: {},
  receiveFeesPeriod: BLOCKS_PER_YEAR,
  genesisBalances: {},
  confirmations: 6,
  filterable: true,
  bitcoin: bitcoinTestnet4,
};

/** BNS on a private chain: as {@link testnet}, from block 101 on, where the first coinbase can be spent, and one confirmation is enough. Ours as well. */
export const regtest: Network = { ...testnet, name: 'regtest', firstBlock: 101, confirmations: 1, bitcoin: bitcoinRegtest };

export type NetworkDefaults = 'magic' | 'genesisConsensusHashes' | 'receiveFeesPeriod' | 'genesisBalances' | 'confirmations';

/**
 * A network of one's own. What is left out is as on mainnet, without genesis hashes and balances.
 * @throws TypeError naming the field that cannot be
 * @example defineNetwork({ name: 'club', firstBlock: 800000, epochs: [{ number: 3, endBlock: Infinity }], bitcoin: bitcoinMainnet })
 */
export function defineNetwork(network: Omit<Network, NetworkDefaults> & Partial<Pick<Network, NetworkDefaults>>): Network {
  const defaults = { magic: 'id', genesisConsensusHashes: {}, receiveFeesPeriod: BLOCKS_PER_YEAR, genesisBalances: {}, confirmations: 6 };
  const whole: Network = { ...defaults, ...network };
  demand(/^[\x21-\x7e]{2}$/.test(whole.magic), 'magic', 'is two printable ASCII characters');
  demand(isCount(whole.firstBlock) && whole.firstBlock > 0, 'firstBlock', 'is a height above 0');
  demand(isCount(whole.receiveFeesPeriod), 'receiveFeesPeriod', 'is a number of blocks');
  demand(isCount(whole.confirmations) && whole.confirmations > 0, 'confirmations', 'is 1 or more');
  demand(whole.epochs.at(-1)?.endBlock === Infinity, 'epochs', 'end with one whose endBlock is Infinity');
  demand(whole.epochs.every(follows), 'epochs', 'rise in number, 1 to 6, and in endBlock');
  demand(
    Object.entries(whole.genesisConsensusHashes).every(isGenesisHash(whole.firstBlock)),
    'genesisConsensusHashes',
    'are 32 hex digits at heights before firstBlock',
  );
  demand(
    Object.values(whole.genesisBalances).every((balance) =>
      typeof balance === 'string' ? isAmount(balance) : isAmount(balance.amount) && isCount(balance.lockedUntil),
    ),
    'genesisBalances',
    'are decimal micro-STACKS',
  );
  demand(
    Object.entries(whole.vesting ?? {}).every(([height, due]) => Number(height) >= whole.firstBlock && Object.values(due).every(isAmount)),
    'vesting',
    'is decimal micro-STACKS by address at heights from firstBlock on',
  );
  return whole;
}

function follows({ number, endBlock }: Epoch, index: number, epochs: readonly Epoch[]): boolean {
  const before = epochs[index - 1] ?? { number: 0, endBlock: -1 };
  return Number.isInteger(number) && number <= 6 && number > before.number && endBlock > before.endBlock && (endBlock === Infinity || isCount(endBlock));
}

function isGenesisHash(firstBlock: number): (entry: readonly [string, string]) => boolean {
  return ([height, hash]) => Number(height) < firstBlock && /^[0-9a-f]{32}$/.test(hash);
}

function isAmount(amount: string): boolean {
  return /^\d{1,20}$/.test(amount);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function demand(holds: boolean, field: keyof Network, rule: string): void {
  if (!holds) throw new TypeError(`a network's ${field} ${rule}`);
}
