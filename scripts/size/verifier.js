import { mainnet, verifyProof } from 'namestead';

export const check = (file, anchor, headersRoot) => verifyProof(file, { network: mainnet, anchor, headersRoot, now: 1.8e9, maxAge: Infinity });
