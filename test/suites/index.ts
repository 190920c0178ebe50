import { authSuites } from './auth.js';
import type { Suite } from './suite.js';

/** Which suite reads which vector file, by its path under the vector folder. */
export const suites: Readonly<Record<string, Suite>> = {
  ...authSuites,
};
