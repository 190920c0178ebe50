import { c32Suites } from './c32.js';
import { profileSuites } from './profiles.js';
import { sealedSuites } from './sealed.js';
import { signInSuites } from './signIn.js';
import type { Suite } from './suite.js';
import { walletSuites } from './wallet.js';

export const authSuites: Readonly<Record<string, Suite>> = { ...sealedSuites, ...walletSuites, ...c32Suites, ...profileSuites, ...signInSuites };
