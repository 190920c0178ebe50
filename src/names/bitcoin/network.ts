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
  readonly genesisBalances: Readonly<Record<string, string>>;
  /** Confirmations an operation needs before it counts. */
  readonly confirmations: number;
  readonly bitcoin: BitcoinParams;
}

/** Consensus parameters of the Bitcoin chain beneath. */
export interface BitcoinParams {
  readonly name: 'mainnet' | 'testnet' | 'regtest';
  /** Display hex of block 0's hash. */
  readonly genesisHash: string;
  /** Block 0's 80 bytes, hex. */
  readonly genesisHeader: string;
  /** The easiest target, compact form. */
  readonly powLimitBits: number;
  /** Whether `bits` must never change (regtest). */
  readonly noRetargeting: boolean;
  /** `none`: blocks cost nothing. */
  readonly work: 'proved' | 'none';
  /** Base58check versions and the segwit prefix for addresses of payments; BNS itself always writes 0 and 5. */
  readonly p2pkh: number;
  readonly p2sh: number;
  readonly bech32: string;
}
