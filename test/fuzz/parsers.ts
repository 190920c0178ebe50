import type { Parser } from './parser.js';
import { bitcoinParsers } from './parsers/bitcoin.js';
import { libParsers, prepareLib } from './parsers/lib.js';
import { peopleParsers, preparePeople } from './parsers/people.js';
import { prepareServers, serverParsers } from './parsers/servers.js';
import { storeParsers } from './parsers/stores.js';
import { wireParsers } from './parsers/wire.js';
import { zoneParsers } from './parsers/zones.js';

/** Every parser in `src/` of what comes from outside. Who adds one adds a row. */
export async function allParsers(): Promise<readonly Parser[]> {
  await prepareLib();
  await preparePeople();
  await prepareServers();
  return [...libParsers, ...bitcoinParsers, ...wireParsers, ...storeParsers, ...zoneParsers, ...peopleParsers, ...serverParsers];
}
