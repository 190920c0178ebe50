import assert from 'node:assert/strict';
import { makeAssociationToken } from '../../src/auth/association.js';
import { fromHex } from '../../src/lib/bytes.js';
import { parsePrivateKey, parsePublicKey, signerOf } from '../../src/lib/key.js';
import { parseToken } from '../../src/lib/token.js';
import { verifyToken } from '../../src/lib/tokenVerifier.js';
import { parseVectors } from './suite.js';
import type { Case } from './suite.js';

interface AssociationCase {
  readonly identityPrivateKey: string;
  readonly childPublicKey: string;
  readonly token: string;
}

/** The `associationTokens` of a file: ours are the same, byte for byte. */
export function associationCases(file: Uint8Array): readonly Case[] {
  const { associationTokens = [] } = parseVectors<{ associationTokens?: readonly AssociationCase[] }>(file);
  return associationTokens.map((vector, i): Case => ({
    title: `association token ${i}`,
    check: async () => {
      const identity = signerOf(parsePrivateKey(vector.identityPrivateKey));
      const { iat, exp, salt } = parseToken(vector.token).payload as { iat: number; exp: number; salt: string };
      assert.ok(verifyToken(vector.token, identity.publicKey));
      const options = { clock: { now: () => iat * 1000 }, expiresAt: exp * 1000, salt: fromHex(salt) };
      assert.equal(await makeAssociationToken(parsePublicKey(vector.childPublicKey), identity, options), vector.token);
    },
  }));
}
