import { bitcoinRegtest, defineNetwork, type Network } from '../names/bitcoin/network.js';

const GENESIS_CONSENSUS = '17ac43c1d8549c3181b200f1bf97eb7d';

/** BNS on a Bitcoin regtest: epoch 3 rules at all heights from block 200 on, one confirmation. Addresses inside BNS are mainnet's. */
export const devnetNetwork: Network = /* @__PURE__ */ defineNetwork({
  name: 'devnet',
  firstBlock: 200,
  epochs: [{ number: 3, endBlock: Infinity }],
  genesisConsensusHashes: { 196: GENESIS_CONSENSUS, 197: GENESIS_CONSENSUS, 198: GENESIS_CONSENSUS, 199: GENESIS_CONSENSUS },
  confirmations: 1,
  bitcoin: bitcoinRegtest,
});
