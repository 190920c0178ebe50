import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where journals, headers and the configuration lie: NAMESTEAD_HOME, else $XDG_DATA_HOME/namestead, else ~/.namestead. */
export function home(): string {
  const { NAMESTEAD_HOME: own, XDG_DATA_HOME: data } = process.env;
  if (own) return own;
  return data ? join(data, 'namestead') : join(homedir(), '.namestead');
}
