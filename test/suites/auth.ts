import { sealedSuites } from './sealed.js';
import type { Suite } from './suite.js';

export const authSuites: Readonly<Record<string, Suite>> = { ...sealedSuites };
