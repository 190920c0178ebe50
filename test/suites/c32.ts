import assert from 'node:assert/strict';
import type { Hash160 } from '../../src/lib/address.js';
import { fromHex, toHex } from '../../src/lib/bytes.js';
import { formatC32Address, parseC32Address } from '../../src/lib/c32.js';
import { hash160 } from '../../src/lib/hash.js';
import { parsePrivateKey, publicKeyOf } from '../../src/lib/key.js';
import { parseVectors } from './suite.js';
import type { Case, Suite } from './suite.js';

interface C32File {
  readonly addresses?: readonly { version: number; hash160: string; address: string }[];
  readonly from_private_key?: readonly { private_key: string; public_key: string; mainnet: string; testnet: string }[];
  readonly invalid?: readonly string[];
}

const c32: Suite = (file) => {
  const { addresses = [], from_private_key: keys = [], invalid = [] } = parseVectors<C32File>(file);
  return [
    ...addresses.map((vector): Case => ({
      title: vector.address,
      check: () => {
        assert.equal(formatC32Address({ version: vector.version, hash: fromHex(vector.hash160) as Hash160 }), vector.address);
        for (const text of [vector.address, vector.address.toLowerCase()]) {
          const { version, hash } = parseC32Address(text);
          assert.deepEqual([version, toHex(hash)], [vector.version, vector.hash160]);
        }
      },
    })),
    ...keys.map((vector): Case => ({
      title: vector.mainnet,
      check: () => {
        const publicKey = publicKeyOf(parsePrivateKey(vector.private_key));
        const hash = hash160(publicKey) as Hash160;
        assert.equal(toHex(publicKey), vector.public_key);
        assert.equal(formatC32Address({ version: 22, hash }), vector.mainnet);
        assert.equal(formatC32Address({ version: 26, hash }), vector.testnet);
      },
    })),
    ...invalid.map((text): Case => ({
      title: `invalid ${text}`,
      check: () =>
        assert.throws(
          () => parseC32Address(text),
          (error) => error instanceof Error && error.name === 'NamesteadError',
        ),
    })),
  ];
};

export const c32Suites: Readonly<Record<string, Suite>> = { 'stacks/c32.json': c32 };
