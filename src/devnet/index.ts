// The public list, by hand.

export { startDevnet } from './devnet.js';
export type { Devnet, DevnetOptions, DevnetUrls } from './devnet.js';
export type { BitcoinNode, Rpc } from './bitcoin/node.js';
export { devnetNetwork } from './network.js';
export { mineWhenNeeded } from './miner.js';
export { devnetPorts } from './presets.js';
export type { DevnetPorts } from './presets.js';
export { namespaceRules, registrationWorld, seedName } from './seed.js';
export type { Seeded } from './seed.js';
