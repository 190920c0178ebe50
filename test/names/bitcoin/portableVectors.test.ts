import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { fromUtf8, toHex } from '../../../src/lib/bytes.js';
import { formatProof, parseProof, type PortableProof } from '../../../src/names/bitcoin/portableProof.js';
import { proveName } from '../../../src/names/bitcoin/proveName.js';
import { verifyProof, type VerifyProofOptions } from '../../../src/names/bitcoin/verifyProof.js';
import { dissect } from '../../naive/proof.js';
import { chainOf, holding, judge, provenWorld, rootOf } from './portableWorld.js';
import { network } from './world.js';

/** The cases of `test/vectors/proofs/regtest.json`, made anew: the prover gives the same bytes for the same chain. */
test('the vectors are what the prover makes', async () => {
  const world = provenWorld();
  const [anchor, root, chain] = [world.anchor(), await rootOf(world, 25), await chainOf(world)];
  const proving = { ...world, anchor };
  const [byRoot, byChain] = [holding(network, anchor, { headersRoot: root }), holding(network, anchor, { chain })];
  const update = await proveName('alice.id', proving, { headersRoot: root });
  const forged = (edit: (proof: PortableProof) => Partial<PortableProof>): Uint8Array => formatProof({ ...parseProof(update), ...edit(parseProof(update)) });
  const cases: [title: string, file: Uint8Array, options: VerifyProofOptions][] = [
    ['an update, under a root', update, byRoot],
    ['an update, by headers', await proveName('alice.id', proving), byChain],
    ['an update with its zone file', await proveName('alice.id', proving, { zoneFile: fromUtf8('two') }), byChain],
    ['a registration with a zone file hash', await proveName('registered.id', proving), byChain],
    ['a registration without one', await proveName('bare.id', proving), byChain],
    ['a transfer that keeps the hash', await proveName('kept.id', proving, { headersRoot: root }), byRoot],
    ['a transfer that drops it', await proveName('dropped.id', proving), byChain],
    ['a renewal', await proveName('renewed.id', proving), byChain],
    ['an import', await proveName('imported.id', proving), byChain],
    ['an older state of a name', await proveName('alice.id', proving, { height: 15 }), byChain],
    ['too old', update, { ...byRoot, maxAge: 10 }],
    ['of the future', update, { ...byRoot, now: 1_500_000_000 }],
    ['lapsed since', update, { ...byRoot, height: 10_000 }],
    ['without branches, and no headers', await proveName('alice.id', proving), byRoot],
    ['for another anchor', update, { ...byRoot, anchor: world.anchor(20) }],
    ['of another network', forged((proof) => ({ network: { ...proof.network, magic: 'xx' } })), byRoot],
    ['under another root', update, { ...byRoot, headersRoot: { height: 25, root: 'ab'.repeat(32) } }],
    ['with the operations of another block', forged(({ operation, ready }) => ({ operation: { ...operation, operations: ready.operations } })), byRoot],
    ['with the path of another transaction', forged(({ operation, ready }) => ({ operation: { ...operation, path: ready.path } })), byRoot],
    ['with the previous transaction of another', forged(({ operation, ready }) => ({ operation: { ...operation, previous: ready.previous } })), byRoot],
    ['with another zone file', forged(() => ({ zoneFile: fromUtf8('three') })), byRoot],
    ['cut short', update.subarray(0, update.length - 1), byRoot],
    ['with a byte more', Uint8Array.of(...update, 0), byRoot],
  ];
  const headers = await world.headers.headers(0, 1000);
  const vectors = {
    source: 'made by proveName over a chain mined in the tests; each judged alike by verifyProof and by test/naive/proof.ts',
    network: { name: network.name, magic: network.magic, first_block: network.firstBlock, epoch: 3, confirmations: network.confirmations, bitcoin: 'regtest' },
    headers: headers.map(toHex),
    cases: cases.map(([title, file, options]) => ({
      title,
      anchor: { height: options.anchor.height, hash: options.anchor.hash, consensus_hash: options.anchor.consensusHash },
      headers_root: options.headersRoot ?? null,
      with_headers: options.chain !== undefined,
      now: options.now,
      max_age: options.maxAge,
      height: options.height ?? null,
      expect: expectation(file, options),
      file: toHex(file),
    })),
  };
  await expect(`${JSON.stringify(vectors, null, 1)}\n`).toMatchFileSnapshot('../../vectors/proofs/regtest.json');
});

test('the example in docs/proofs.md is the first of them, taken apart by the naive verifier', async () => {
  const world = provenWorld();
  const file = await proveName('alice.id', { ...world, anchor: world.anchor() }, { headersRoot: await rootOf(world, 25) });
  const rows = dissect(toHex(file)).map(
    ({ at, hex, what }) => `${String(at).padStart(4)}  ${hex.length > 36 ? `${hex.slice(0, 34)}…` : hex.padEnd(35)}  ${what}`,
  );
  const page = readFileSync(resolve(import.meta.dirname, '../../../docs/proofs.md'), 'utf8');
  expect(page).toContain(`\`\`\`text\n${rows.join('\n')}\n${String(file.length).padStart(4)}\n\`\`\`\n`);
});

function expectation(file: Uint8Array, options: VerifyProofOptions): unknown {
  const said = judge(file, options);
  if (typeof said === 'string') return { error: said };
  const { notCovered, zoneFile, record } = verifyProof(file, options);
  return {
    record: { name: said.name, owner: said.owner, zone_file_hash: said.zoneFileHash, height: said.height, txid: said.txid, expires_at: record.expiresAt },
    not_covered: [notCovered.from, notCovered.to],
    zone_file: zoneFile && toHex(zoneFile),
  };
}
