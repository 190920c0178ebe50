import { atlasSuites } from './atlas.js';
import { authSuites } from './auth.js';
import { hubSuites } from './hub.js';
import { bitcoinSuites } from './bitcoin.js';
import { bnsSuites } from './bns.js';
import { nodeSuites } from './node.js';
import { proofSuites } from './proofs.js';
import { snvSuites } from './snv.js';
import type { Suite } from './suite.js';

/** Which suite reads which vector file, by its path under the vector folder. */
export const suites: Readonly<Record<string, Suite>> = {
  ...atlasSuites,
  ...authSuites,
  ...bitcoinSuites,
  ...bnsSuites,
  ...hubSuites,
  ...nodeSuites,
  ...proofSuites,
  ...snvSuites,
};
