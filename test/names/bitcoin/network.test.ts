import { expect, test } from 'vitest';
import { devnetNetwork } from '../../../src/devnet/network.js';
import { fromHex } from '../../../src/lib/bytes.js';
import { epochAt } from '../../../src/names/bitcoin/epoch.js';
import { hashHeader } from '../../../src/names/bitcoin/header.js';
import { bitcoinMainnet, bitcoinRegtest, bitcoinTestnet4, defineNetwork, mainnet, regtest, testnet } from '../../../src/names/bitcoin/network.js';

test.each([bitcoinMainnet, bitcoinRegtest])('the genesis header of $name hashes to its genesis hash', ({ genesisHeader, genesisHash }) => {
  expect(hashHeader(fromHex(genesisHeader))).toBe(genesisHash);
});

test('mainnet and the devnet are networks like any other', () => {
  expect(defineNetwork(mainnet)).toEqual(mainnet);
  expect(defineNetwork(devnetNetwork)).toEqual(devnetNetwork);
  expect(defineNetwork(testnet)).toEqual(testnet);
  expect(defineNetwork(regtest)).toEqual(regtest);
  expect([testnet.bitcoin, regtest.bitcoin]).toEqual([bitcoinTestnet4, bitcoinRegtest]);
  expect(epochAt(devnetNetwork, 200).number).toBe(3);
  expect(devnetNetwork).toMatchObject({ magic: 'id', firstBlock: 200, confirmations: 1 });
  expect(Object.keys(devnetNetwork.genesisConsensusHashes)).toEqual(['196', '197', '198', '199']);
});

test('an epoch rules up to its last block, and the last one for ever', () => {
  const starts = [373601, 436651, 488501, 547922, 599867, 613250];
  starts.forEach((height, i) => expect(epochAt(mainnet, height).number).toBe(i + 1));
  starts.slice(1).forEach((height, i) => expect(epochAt(mainnet, height - 1).number).toBe(i + 1));
  expect(epochAt(mainnet, 10_000_000).number).toBe(6);
});

const own = { name: 'own', firstBlock: 100, epochs: [{ number: 3, endBlock: Infinity }], bitcoin: bitcoinRegtest };

test.each([
  ['genesisBalances', { genesisBalances: { a: '-1' } }],
  ['genesisBalances', { genesisBalances: { a: { amount: '1', lockedUntil: 0.5 } } }],
  ['vesting', { vesting: { 99: { a: '1' } } }],
  ['vesting', { vesting: { 100: { a: 'x' } } }],
  ['magic', { magic: 'i' }],
  ['magic', { magic: 'é!' }],
  ['firstBlock', { firstBlock: 0 }],
  ['firstBlock', { firstBlock: 1.5 }],
  ['confirmations', { confirmations: 0 }],
  ['receiveFeesPeriod', { receiveFeesPeriod: -1 }],
  ['epochs', { epochs: [] }],
  ['epochs', { epochs: [{ number: 3, endBlock: 200 }] }],
  ['epochs', { epochs: [{ number: 7, endBlock: Infinity }] }],
  [
    'epochs',
    {
      epochs: [
        { number: 2, endBlock: 200 },
        { number: 2, endBlock: Infinity },
      ],
    },
  ],
  [
    'epochs',
    {
      epochs: [
        { number: 2, endBlock: 200 },
        { number: 3, endBlock: 150 },
        { number: 4, endBlock: Infinity },
      ],
    },
  ],
  ['genesisConsensusHashes', { genesisConsensusHashes: { 100: 'ab'.repeat(16) } }],
  ['genesisConsensusHashes', { genesisConsensusHashes: { 99: 'ab' } }],
  ['genesisBalances', { genesisBalances: { x: '-1' } }],
])('a network with an impossible %s is refused', (field, edit) => {
  expect(() => defineNetwork({ ...own, ...edit })).toThrow(new RegExp(field));
});
