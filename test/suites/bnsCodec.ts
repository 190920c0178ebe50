import assert from 'node:assert/strict';
import { formatAddress, parseAddress } from '../../src/lib/address.js';
import { concat, fromHex, fromUtf8, reversed, toHex } from '../../src/lib/bytes.js';
import { formatC32Address, parseC32Address } from '../../src/lib/c32.js';
import { hash160, hash256 } from '../../src/lib/hash.js';
import { merkleBranch, merkleRoot } from '../../src/lib/merkle.js';
import { decodeBase40, encodeBase40, isBase40 } from '../../src/names/bitcoin/base40.js';
import { nameConsensusHash, nameHash128, preorderHash } from '../../src/names/bitcoin/commitment.js';
import { consensusHash, operationsHash, skipHeights } from '../../src/names/bitcoin/consensus.js';
import { epochAt } from '../../src/names/bitcoin/epoch.js';
import { mainnet } from '../../src/names/bitcoin/network.js';
import { decodeOperation, passesAsName, passesAsNamespace } from '../../src/names/bitcoin/operation.js';
import { namePrice } from '../../src/names/bitcoin/price.js';
import { addressOfScript, classifyScript, nulldataOfScript, scriptTokens } from '../../src/names/bitcoin/script.js';
import { python2FloatText, serializeOperation } from '../../src/names/bitcoin/serialization.js';
import { isNamespaceValid, isNameValid, isSubdomainValid, parseSubdomain } from '../../src/names/name.js';
import { uncut } from './cutPath.js';
import { each } from './each.js';
import { parseVectors, type Case, type Suite } from './suite.js';

const base40: Suite = (file) => {
  const { cases, is_b40 } = parseVectors<{
    cases: readonly { s: string; hex: string; int: string; decode_of_hex: string }[];
    is_b40?: readonly { s: unknown; py_type: string; is_b40: boolean }[];
  }>(file);
  return [
    ...cases.map((vector): Case => ({
      title: vector.s,
      check: () => {
        assert.equal(toHex(encodeBase40(vector.s)), vector.hex);
        assert.equal(BigInt(`0x${vector.hex}`).toString(), vector.int);
        assert.equal(decodeBase40(fromHex(vector.hex)), vector.decode_of_hex);
      },
    })),
    // Python 2 tells bytes from text, and only bytes are base 40: its other types stand here as what is no string.
    ...(is_b40 ?? []).map((vector): Case => ({
      title: `${vector.py_type} ${JSON.stringify(vector.s)}`,
      check: () => assert.equal(isBase40(vector.py_type === 'str' ? vector.s : { [vector.py_type]: vector.s }), vector.is_b40),
    })),
  ];
};

interface PreorderCase {
  readonly name: string;
  readonly script_pubkey: string;
  readonly register_addr: string | null;
  readonly b40_hex: string;
  readonly hash: string;
}

const preorderHashes = each<PreorderCase>(
  (vector) => `${vector.name} to ${vector.register_addr ?? 'nobody'}`,
  (vector) => {
    assert.equal(toHex(encodeBase40(vector.name)), vector.b40_hex);
    assert.equal(preorderHash(vector.name, fromHex(vector.script_pubkey), vector.register_addr ?? ''), vector.hash);
  },
);

const nameHashes = each<{ name: string; consensus_hash: string; name_hash128: string; name_consensus_hash: string }>(
  (vector) => vector.name,
  (vector) => {
    assert.equal(nameHash128(vector.name), vector.name_hash128);
    assert.equal(nameConsensusHash(vector.name, vector.consensus_hash), vector.name_consensus_hash);
  },
);

interface MerkleCase {
  readonly leaves: readonly string[];
  readonly root: string;
  readonly paths: readonly { readonly leaf: string; readonly path: string; readonly verifies: boolean; readonly verifies_wrong_leaf: boolean }[];
}

const inner = (hex: string): Uint8Array => reversed(fromHex(hex));

/** A path as the reference writes it: a netstring of netstrings `side-hash`, `m` where the tree is one leaf. */
function pathOf(leaves: readonly Uint8Array[], index: number): string {
  const branch = merkleBranch(leaves, index);
  const steps = branch.map((node, i) => ({ node, left: ((index >> i) & 1) === 1 }));
  const text =
    steps.length === 0
      ? [`m-${toHex(reversed(leaves[0] ?? new Uint8Array()))}`]
      : steps.map(({ node, left }) => `${left ? 'l' : 'r'}-${toHex(reversed(node))}`);
  const body = text.map((step) => `${step.length}:${step},`).join('');
  return `${body.length}:${body},`;
}

function climb(leaf: Uint8Array, leaves: readonly Uint8Array[], index: number): string {
  const top = merkleBranch(leaves, index).reduce((node, sibling, i) => hash256((index >> i) & 1 ? concat(sibling, node) : concat(node, sibling)), leaf);
  return toHex(reversed(top));
}

const merkle = each<MerkleCase>(
  (vector, i) => `tree ${i} of ${vector.leaves.length} leaves`,
  (vector) => {
    const leaves = vector.leaves.map(inner);
    assert.equal(toHex(reversed(merkleRoot(leaves))), vector.root);
    for (const { leaf, path, verifies, verifies_wrong_leaf } of vector.paths) {
      const index = vector.leaves.indexOf(leaf);
      assert.equal(pathOf(leaves, index), path);
      assert.equal(climb(inner(leaf), leaves, index) === vector.root, verifies);
      assert.equal(climb(inner('ff'.repeat(32)), leaves, index) === vector.root, verifies_wrong_leaf);
    }
  },
);

interface ConsensusCase {
  readonly height: number;
  readonly serialized_ops: readonly string[];
  readonly op_hashes: readonly string[];
  readonly ops_hash: string;
  readonly prev_heights: readonly number[];
  readonly prev_hashes: readonly string[];
  readonly consensus_hash: string;
}

const consensusChain: Suite = (file) => {
  const { cases, first_block } = parseVectors<{ cases: readonly ConsensusCase[]; first_block: number }>(file);
  return cases.map((vector): Case => ({
    title: `block ${vector.height}`,
    check: () => {
      assert.deepEqual(vector.serialized_ops.map((operation) => toHex(hash256(fromUtf8(operation)))).sort(), [...vector.op_hashes].sort());
      assert.equal(operationsHash(vector.serialized_ops), vector.ops_hash);
      assert.deepEqual(skipHeights(vector.height, first_block), vector.prev_heights);
      assert.equal(consensusHash(vector.ops_hash, vector.prev_hashes), vector.consensus_hash);
    },
  }));
};

const skipList = each<{ ops_hash: string; prev_hashes: readonly string[]; sorted_leaves: readonly string[]; consensus_hash: string }>(
  (vector) => vector.consensus_hash,
  (vector) => {
    assert.deepEqual([vector.ops_hash, ...vector.prev_hashes].sort(), vector.sorted_leaves);
    assert.equal(consensusHash(vector.ops_hash, vector.prev_hashes), vector.consensus_hash);
    assert.equal(consensusHash(vector.ops_hash, [...vector.prev_hashes].reverse()), vector.consensus_hash);
  },
);

const serialization = each<{ fields: Record<string, unknown>; height: number; serialized: string }>(
  (vector) => `${String(vector.fields['op'])} ${String(vector.fields['name'] ?? vector.fields['txid'])} at ${vector.height}`,
  (vector) => assert.equal(serializeOperation(vector.fields), vector.serialized),
);

const scripts = each<{
  script: string;
  type: string | null;
  address: string | null;
  tokens: readonly (string | number | null)[];
  usable_nulldata: string | null;
}>(
  (vector) => vector.script,
  (vector) => {
    const script = fromHex(vector.script);
    assert.equal(classifyScript(script), vector.type);
    // BNS gives native segwit no address: such an input makes a transaction void. What the reference prints for it is no address of bech32.
    const segwit = vector.type === 'p2wpkh' || vector.type === 'p2wsh';
    assert.equal(addressOfScript(script), segwit ? null : vector.address);
    assert.deepEqual(scriptTokens(script).map(tokenText), vector.tokens);
    const data = nulldataOfScript(script);
    assert.equal(data && toHex(data), vector.usable_nulldata);
  },
);

function tokenText(token: Uint8Array | number): string | number | null {
  if (typeof token !== 'number') return toHex(token);
  if (token === 0) return null;
  return token <= 0x60 ? token - 0x50 : token;
}

interface ValidityCase {
  readonly s: string;
  readonly is_name_valid: boolean;
  readonly is_namespace_valid: boolean;
  readonly check_name: boolean;
  readonly check_subdomain: boolean;
  readonly is_address_subdomain: readonly [boolean, string | null, string | null];
  readonly parse_revoke_accepts: boolean;
}

const validity = each<ValidityCase>(
  (vector) => JSON.stringify(vector.s),
  (vector) => {
    const feed = vector.s.includes('\n');
    assert.equal(passesAsName(vector.s), vector.is_name_valid);
    assert.equal(passesAsNamespace(vector.s), vector.is_namespace_valid);
    assert.equal(isNameValid(vector.s), vector.check_name && !feed);
    assert.equal(isNamespaceValid(vector.s), vector.is_namespace_valid && !feed);
    assert.equal(isSubdomainValid(vector.s), vector.check_subdomain && !feed);
    if (vector.is_address_subdomain[0] && !feed)
      assert.deepEqual([true, parseSubdomain(vector.s).label, parseSubdomain(vector.s).name], vector.is_address_subdomain);
    const revoke = concat(
      fromUtf8('id~'),
      Uint8Array.from(vector.s, (character) => character.charCodeAt(0)),
    );
    assert.equal(decodeOperation(revoke, { magic: 'id', epoch: 6, outputs: 2 }) !== null, vector.parse_revoke_accepts);
  },
);

const floats = each<{ repr: string; str: string }>(
  (vector) => vector.repr,
  (vector) => assert.equal(python2FloatText(Number(vector.repr)), vector.str),
);

const zoneFileHashes = each<{ hash: string; zonefile: string }>(
  (vector) => vector.hash,
  (vector) =>
    assert.ok(
      uncut(vector.zonefile).some((text) => toHex(hash160(fromUtf8(text))) === vector.hash),
      'another hash',
    ),
);

interface C32Case {
  readonly c32: string;
  readonly hash160: string;
  readonly version?: number;
  readonly c32_decode?: readonly [number, string];
  readonly b58?: string;
  readonly b58_version?: number;
  readonly c32ToB58?: string;
}

/** Which c32 version stands for which base58check version. */
const base58Versions: Readonly<Record<number, number>> = { 22: 0, 20: 5, 26: 111, 21: 196 };

const c32Addresses = each<C32Case>(
  (vector) => vector.c32,
  (vector) => {
    const { version, hash } = parseC32Address(vector.c32);
    assert.equal(toHex(hash), vector.hash160);
    assert.equal(formatC32Address({ version, hash }), vector.c32);
    if (vector.version !== undefined) assert.equal(version, vector.version);
    if (vector.c32_decode) assert.deepEqual([version, toHex(hash)], vector.c32_decode);
    if (vector.b58 === undefined) return;
    assert.deepEqual([parseAddress(vector.b58).version, toHex(parseAddress(vector.b58).hash)], [vector.b58_version, vector.hash160]);
    assert.equal(formatAddress(base58Versions[version] ?? version, hash), vector.c32ToB58);
  },
);

interface RealCase {
  readonly what: string;
  readonly name?: string;
  readonly sender?: string;
  readonly owner?: string;
  readonly expected?: string | number;
  readonly computed?: string | number | readonly string[];
  readonly expected_second?: string;
  readonly serialized?: readonly string[];
  readonly ops_hash?: string;
}

/** The terms of `.id` on mainnet. */
const idTerms = { version: 1, coeff: 250, base: 4, buckets: [6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], nonalphaDiscount: 4, noVowelDiscount: 4 };

const real: Suite = (file) => {
  const { cases, facts } = parseVectors<{
    cases: readonly RealCase[];
    facts: { readonly ops_at_462592?: readonly Readonly<Record<string, unknown>>[]; readonly first_block: number };
  }>(file);
  return cases.map((vector): Case => ({
    title: `${vector.what} ${vector.name ?? ''}`,
    check: () => checkReal(vector, facts.ops_at_462592 ?? [], facts.first_block),
  }));
};

function checkReal(vector: RealCase, operations: readonly Readonly<Record<string, unknown>>[], firstBlock: number): void {
  const { name = '', expected } = vector;
  if (vector.serialized) {
    assert.equal(operationsHash(vector.serialized), vector.ops_hash);
    assert.deepEqual(
      operations
        .filter((fields) => typeof fields['name'] !== 'string')
        .map(serializeOperation)
        .sort(),
      vector.serialized.filter((text) => text.startsWith('?')).sort(),
    );
  } else if (Array.isArray(vector.computed)) {
    assert.deepEqual(emptyChain(firstBlock, vector.computed.length), vector.computed);
    assert.equal(emptyChain(firstBlock, 2)[1], vector.expected_second);
  } else if (vector.sender !== undefined && vector.owner !== undefined) {
    assert.equal(preorderHash(name, fromHex(vector.sender), vector.owner), expected);
  } else if (typeof expected === 'number') {
    assert.equal(namePrice(name.slice(0, name.indexOf('.')), idTerms, epochAt(mainnet, mainnet.firstBlock)), expected);
  } else {
    assert.equal(nameHash128(name), expected);
  }
}

/** The consensus hashes of a chain's first blocks when none has an operation. */
function emptyChain(firstBlock: number, count: number): string[] {
  const hashes: string[] = [];
  for (let height = firstBlock; height < firstBlock + count; height++) {
    hashes.push(
      consensusHash(
        operationsHash([]),
        skipHeights(height, firstBlock).map((earlier) => hashes[earlier - firstBlock] ?? ''),
      ),
    );
  }
  return hashes;
}

export const bnsCodecSuites: Readonly<Record<string, Suite>> = {
  'bns-v1/b40.json': base40,
  'bns-v1/preorder_hashes.json': preorderHashes,
  'bns-v1/name_hash128.json': nameHashes,
  'bns-v1/merkle.json': merkle,
  'bns-v1/consensus_chain_synthetic.json': consensusChain,
  'bns-v1/consensus_hash_skiplist.json': skipList,
  'bns-v1/op_serialize.json': serialization,
  'bns-v1/scripts.json': scripts,
  'bns-v1/name_validity.json': validity,
  'bns-v1/py2_float_str.json': floats,
  'bns-v1/zonefile_hashes_mainnet.json': zoneFileHashes,
  'bns-v1/c32_addresses.json': c32Addresses,
  'bns-v1/real_mainnet.json': real,
};
