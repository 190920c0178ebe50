import { bnsChainSuites } from './bnsChain.js';
import { bnsCodecSuites } from './bnsCodec.js';
import { bnsPayloadSuites } from './bnsPayload.js';
import { bnsRulesSuites } from './bnsRules.js';
import type { Suite } from './suite.js';

export const bnsSuites: Readonly<Record<string, Suite>> = { ...bnsCodecSuites, ...bnsPayloadSuites, ...bnsRulesSuites, ...bnsChainSuites };
