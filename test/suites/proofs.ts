import assert from 'node:assert/strict';
import { fromHex, toHex } from '../../src/lib/bytes.js';
import { isNamesteadError } from '../../src/lib/errors.js';
import { createHeaderChain, type HeaderChain } from '../../src/names/bitcoin/chain.js';
import type { HeadersRoot } from '../../src/names/bitcoin/headerProof.js';
import { bitcoinRegtest, defineNetwork } from '../../src/names/bitcoin/network.js';
import { verifyProof, type VerifyProofOptions } from '../../src/names/bitcoin/verifyProof.js';
import { parseVectors, type Suite } from './suite.js';

interface ProofCase {
  readonly title: string;
  readonly anchor: { readonly height: number; readonly hash: string; readonly consensus_hash: string };
  readonly headers_root: HeadersRoot | null;
  readonly with_headers: boolean;
  readonly now: number;
  readonly max_age: number;
  readonly height: number | null;
  readonly expect:
    { readonly error: string } | { readonly record: unknown; readonly not_covered: readonly [number, number]; readonly zone_file: string | null };
  readonly file: string;
}

interface ProofFile {
  readonly network: { readonly name: string; readonly magic: string; readonly first_block: number; readonly epoch: number; readonly confirmations: number };
  readonly headers: readonly string[];
  readonly cases: readonly ProofCase[];
}

/** Each case: a portable proof, what its verifier holds, and what it shows or why it is refused. */
const proofs: Suite = (file) => {
  const { network: told, headers, cases } = parseVectors<ProofFile>(file);
  const network = defineNetwork({
    name: told.name,
    magic: told.magic,
    firstBlock: told.first_block,
    epochs: [{ number: told.epoch, endBlock: Infinity }],
    confirmations: told.confirmations,
    bitcoin: bitcoinRegtest,
  });
  const chain = (): HeaderChain => {
    const held = createHeaderChain(bitcoinRegtest);
    held.extend(headers.slice(1).map(fromHex));
    return held;
  };
  return cases.map((item) => ({
    title: item.title,
    check: () => {
      const { anchor, expect } = item;
      const options: VerifyProofOptions = {
        network,
        anchor: { height: anchor.height, hash: anchor.hash, consensusHash: anchor.consensus_hash },
        headersRoot: item.headers_root ?? undefined,
        chain: item.with_headers ? chain() : undefined,
        now: item.now,
        maxAge: item.max_age,
        height: item.height ?? undefined,
      };
      if ('error' in expect) {
        assert.throws(
          () => verifyProof(fromHex(item.file), options),
          (error) => isNamesteadError(error) && error.code === expect.error,
        );
        return;
      }
      const { record, notCovered, zoneFile } = verifyProof(fromHex(item.file), options);
      const { name, owner, zoneFileHash, height, txid, expiresAt } = record;
      assert.deepEqual({ name, owner, zone_file_hash: zoneFileHash && toHex(zoneFileHash), height, txid, expires_at: expiresAt }, expect.record);
      assert.deepEqual([notCovered.from, notCovered.to], expect.not_covered);
      assert.equal(zoneFile && toHex(zoneFile), expect.zone_file);
    },
  }));
};

export const proofSuites: Readonly<Record<string, Suite>> = { 'proofs/*.json': proofs };
