import { readFile } from 'node:fs/promises';
import { devnetNetwork } from '../devnet/network.js';
import { isFields } from '../lib/shape.js';
import {
  bitcoinMainnet,
  bitcoinRegtest,
  bitcoinSignet,
  bitcoinTestnet3,
  bitcoinTestnet4,
  defineNetwork,
  mainnet,
  regtest,
  testnet,
  type BitcoinParams,
  type Epoch,
  type GenesisAccount,
  type Network,
} from '../names/bitcoin/network.js';
import { usage } from './usage.js';

const known: Readonly<Record<string, Network>> = { mainnet, testnet, regtest, devnet: devnetNetwork };

export const bitcoins: Readonly<Record<string, BitcoinParams>> = {
  mainnet: bitcoinMainnet,
  testnet3: bitcoinTestnet3,
  testnet4: bitcoinTestnet4,
  signet: bitcoinSignet,
  regtest: bitcoinRegtest,
};

/** A network by its name, or as a file defines it. @throws {@link usage} */
export async function networkOf(text = 'mainnet'): Promise<Network> {
  const network = Object.hasOwn(known, text) ? known[text] : undefined;
  if (network) return network;
  if (!text.endsWith('.json')) throw usage(`--network takes ${Object.keys(known).join(', ')}, or the path of a FILE.json that defines one`);
  return readNetwork(await readJson(text, 'network'), text);
}

/** A JSON file that an option names. @throws {@link usage} */
export async function readJson(path: string, option: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw usage(`--${option}: ${path} is no JSON`);
    throw usage(`--${option}: ${path} cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'})`);
  }
}

/** JSON knows no Infinity: the last epoch's `endBlock` is null or left out, and `bitcoin` is the name of a chain. */
function readNetwork(fields: unknown, path: string): Network {
  if (!isFields(fields)) throw usage(`${path} is to hold an object: name, firstBlock, epochs, bitcoin, …`);
  const refuse = (what: string): never => {
    throw usage(`${path}: ${what}`);
  };
  const { name, firstBlock, epochs, bitcoin, ...rest } = fields;
  const params = typeof bitcoin === 'string' && Object.hasOwn(bitcoins, bitcoin) ? bitcoins[bitcoin] : undefined;
  if (!params) return refuse(`bitcoin is one of ${Object.keys(bitcoins).join(', ')}`);
  if (typeof name !== 'string' || !/^[a-z0-9_-]{1,40}$/.test(name) || Object.hasOwn(known, name))
    return refuse('name is 1 to 40 of a-z, 0-9, - and _, and none of ours');
  if (!Array.isArray(epochs) || epochs.length > 6) return refuse('epochs is a list of {number, endBlock}');
  for (const [field, type] of Object.entries(optional)) if (field in rest && typeof rest[field] !== type) refuse(`${field} is a ${type}`);
  const odd = Object.keys(rest).find((field) => !Object.hasOwn(optional, field));
  if (odd !== undefined) refuse(`a network has no ${JSON.stringify(odd)}`);
  try {
    return defineNetwork({
      ...(rest as Optional),
      name,
      firstBlock: Number(firstBlock),
      epochs: epochs.map((epoch): Epoch => {
        if (!isFields(epoch)) return refuse('an epoch is {number, endBlock}');
        return {
          number: Number(epoch['number']),
          endBlock: epoch['endBlock'] === null || epoch['endBlock'] === undefined ? Infinity : Number(epoch['endBlock']),
        };
      }),
      bitcoin: params,
    });
  } catch (error) {
    return error instanceof TypeError ? refuse(error.message) : refuse('it defines no network');
  }
}

const optional = {
  magic: 'string',
  genesisConsensusHashes: 'object',
  receiveFeesPeriod: 'number',
  genesisBalances: 'object',
  vesting: 'object',
  confirmations: 'number',
  genesisKnown: 'boolean',
  filterable: 'boolean',
} as const;

interface Optional {
  readonly magic?: string;
  readonly genesisConsensusHashes?: Readonly<Record<number, string>>;
  readonly receiveFeesPeriod?: number;
  readonly genesisBalances?: Readonly<Record<string, string | GenesisAccount>>;
  readonly vesting?: Readonly<Record<number, Readonly<Record<string, string>>>>;
  readonly confirmations?: number;
  readonly genesisKnown?: boolean;
  readonly filterable?: boolean;
}
