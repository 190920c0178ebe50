/** How an option is read, and how help tells of it. */
interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** What stands behind it; none: it is a switch. */
  readonly value?: string;
  readonly help: string;
}

/** Every option there is, once. A command names those it takes. */
export const options = {
  json: { type: 'boolean', help: 'one line of JSON on stdout, with `ok` on top' },
  quiet: { type: 'boolean', help: 'nothing on stderr but errors' },
  config: { type: 'string', value: 'FILE', help: 'options out of a JSON file; default config.json in the home folder, where there is one' },
  help: { type: 'boolean', help: 'this text' },

  network: { type: 'string', value: 'NETWORK', help: 'mainnet (default), testnet, regtest, devnet, or the path of a FILE.json that defines one' },
  esplora: { type: 'string', multiple: true, value: 'URL', help: "an Esplora server's REST API" },
  electrum: { type: 'string', multiple: true, value: 'URL', help: 'an Electrum server: ssl://host:port or tcp://host:port' },
  fingerprint: { type: 'string', value: 'HEX', help: "SHA-256 of the ssl server's certificate; of several servers each as URL#HEX" },
  bitcoind: { type: 'string', multiple: true, value: 'URL', help: 'a bitcoind of your own: RPC, and REST for headers' },
  cookie: { type: 'string', multiple: true, value: 'FILE', help: 'its .cookie, or a file with user:password; or NAMESTEAD_BITCOIND=user:password' },
  p2p: { type: 'string', multiple: true, value: 'HOST:PORT', help: 'a Bitcoin node by its peer-to-peer protocol' },
  node: { type: 'string', multiple: true, value: 'URL', help: 'a core node of BNS' },
  atlas: { type: 'string', multiple: true, value: 'URL', help: 'an Atlas peer for zone files; default the nodes' },

  anchor: { type: 'string', value: 'HEIGHT:BLOCKHASH:CONSENSUSHASH', help: 'what you trust, from somewhere else than the servers asked' },
  level: { type: 'string', value: 'LEVEL', help: 'server, quorum, snv, history, filters or replay; default what the sources give at little cost' },
  at: { type: 'string', value: 'HEIGHT', help: 'the record as it stood after that block' },
  least: { type: 'string', value: 'N', help: 'how many operators must answer, or nodes agree; default 2' },
  root: { type: 'string', value: 'HEIGHT:ROOT', help: "a root over all block hashes up to a height (an anchor's headersRoot)" },
  headers: { type: 'string', value: 'FILE', help: 'where checked headers are kept; default on mainnet: in the home folder' },
  full: { type: 'boolean', help: "headers from the genesis block on, not from the release's checkpoint" },
  'max-tip-age': { type: 'string', value: 'AGE', help: 'how old the last block may be: 90m, 2h, 1d' },
  'max-age': { type: 'string', value: 'AGE', help: 'how old the proof may be: 12h, 30d; default 90d' },
  'no-profile': { type: 'boolean', help: 'stop at the zone file' },

  journal: { type: 'string', value: 'DIR', help: 'where payments are written down before they are sent; default in the home folder' },
  'words-file': { type: 'string', value: 'FILE', help: 'the words of your wallet (mode 600); or NAMESTEAD_WORDS' },
  'key-file': { type: 'string', value: 'FILE', help: 'the private key that pays, hex or WIF (mode 600); or NAMESTEAD_KEY' },
  'owner-key-file': { type: 'string', value: 'FILE', help: 'the private key that owns; default the one that pays; or NAMESTEAD_OWNER_KEY' },
  'payer-index': { type: 'string', value: 'N', help: "which of the words' payment keys pays; default 0" },
  'owner-index': { type: 'string', value: 'N', help: "which of the words' identities owns; default 0" },
  'payer-type': { type: 'string', value: 'TYPE', help: 'p2pkh (default) or p2sh-p2wpkh' },

  'dry-run': { type: 'boolean', help: 'tell what it costs and whether it would be taken; nothing is signed or sent' },
  'fee-rate': { type: 'string', value: 'N', help: "satoshi per virtual byte; default the source's word" },
  'max-fee-rate': { type: 'string', value: 'N', help: 'the highest rate taken from the source; default 1000' },
  'max-price': { type: 'string', value: 'SATOSHI', help: 'the most a name may cost, network fees apart' },
  owner: { type: 'string', value: 'ADDRESS', help: 'who is to own the name, if not you' },
  to: { type: 'string', value: 'ADDRESS', help: 'who gets the name' },
  'drop-zone-file': { type: 'boolean', help: 'hand the name over without its zone file' },
  'zone-file': { type: 'string', value: 'FILE', help: 'the zone file; {name} in the path stands for the name' },
  'profile-url': { type: 'string', value: 'URL', help: 'a zone file that points there; {name} and {owner} stand for themselves' },
  'per-owner': { type: 'string', value: 'N', help: 'so many names to an identity, then the next index; default all to one (25 are the most)' },
  'importer-index': { type: 'string', value: 'N', help: 'which child (0 to 299) of the key in --owner-key-file imports; default the key itself' },
  rules: { type: 'string', value: 'FILE', help: "the namespace's rules as JSON" },
  operation: { type: 'string', value: 'KIND', help: 'register, update, transfer, renew, revoke, import or namespace' },
  yes: { type: 'boolean', help: 'do it' },
  out: { type: 'string', value: 'FILE', help: 'where to write; - is stdout' },

  height: { type: 'string', value: 'N', help: 'the height' },
  'consensus-hash': { type: 'string', value: 'HEX', help: 'the consensus hash there' },
  name: { type: 'string', value: 'NAME', help: 'a name to begin with' },
  directory: { type: 'string', value: 'DIR', help: 'where it keeps what it knows' },
  host: { type: 'string', value: 'HOST', help: 'where it listens; default 127.0.0.1' },
  port: { type: 'string', value: 'N', help: 'the port it listens on; default any free one' },
  peer: { type: 'string', multiple: true, value: 'URL', help: 'an Atlas neighbour' },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type OptionName = keyof typeof options;

type ValueOf<S extends OptionSpec> = S['type'] extends 'boolean' ? boolean : S extends { readonly multiple: true } ? readonly string[] : string;

/** What a command line gave; each is there or not. */
export type Values = { readonly [Name in OptionName]?: ValueOf<(typeof options)[Name]> | undefined };

/** Options that come together. */
export const groups = {
  told: ['json', 'quiet', 'config', 'help'],
  bitcoin: ['esplora', 'electrum', 'fingerprint', 'bitcoind', 'cookie', 'p2p'],
  chain: ['headers', 'full', 'max-tip-age'],
  keys: ['words-file', 'key-file', 'owner-key-file', 'payer-index', 'owner-index', 'payer-type'],
  fees: ['fee-rate', 'max-fee-rate'],
} as const satisfies Readonly<Record<string, readonly OptionName[]>>;

/** What every command that asks Bitcoin and a core node takes. */
export const asking = ['network', ...groups.bitcoin, 'node', 'anchor', ...groups.chain] as const;
/** What every command that signs takes. */
export const signing = ['network', ...groups.bitcoin, 'node', ...groups.chain, ...groups.keys, ...groups.fees, 'journal'] as const;
/** What every command that pays takes. */
export const paying = [...signing, 'anchor', 'dry-run'] as const;
