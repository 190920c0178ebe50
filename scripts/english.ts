import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { root } from './entries.ts';

/** What `wallet/mnemonic.ts` imports. */
export const wordList = 'bip39/src/wordlists/english.json';

/** The words as a module: JSON modules are experimental in Node.js 20 and unknown to many browsers. */
export async function englishModule(): Promise<string> {
  const words = JSON.parse(await readFile(resolve(root, 'node_modules', wordList), 'utf8')) as string[];
  return `// The English word list of BIP 39, from the package bip39 (ISC licence).\nexport default /* @__PURE__ */ ${JSON.stringify(words.join(' '))}.split(' ');\n`;
}
