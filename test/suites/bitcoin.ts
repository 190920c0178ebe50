import assert from 'node:assert/strict';
import { concat, equal, fromHex, reader, reversed, toHex } from '../../src/lib/bytes.js';
import { hash256 } from '../../src/lib/hash.js';
import { merkleTree } from '../../src/lib/merkle.js';
import { parseBlock, verifyInclusion, type Block } from '../../src/names/bitcoin/block.js';
import { openBranch, type Branch } from '../../src/names/bitcoin/branch.js';
import { createHeaderChain } from '../../src/names/bitcoin/chain.js';
import { decodeFilter, encodeFilter, filterElements, filterHeader, matchesFilter } from '../../src/names/bitcoin/filter.js';
import { compactOf, HEADER_BYTES, hashHeader, parseHeader, PERIOD, retarget, targetOf, verifyWork, workOf } from '../../src/names/bitcoin/header.js';
import { parseMerkleBlock, readMerkleBlock } from '../../src/names/bitcoin/merkleBlock.js';
import { bitcoinMainnet } from '../../src/names/bitcoin/network.js';
import { readWhole } from '../../src/names/bitcoin/transaction.js';
import { parseVectors, type Case, type Suite } from './suite.js';
import { summaProofs, summaVectors } from './summa.js';

const LIMIT = bitcoinMainnet.powLimitBits;

/** A block file: read to its last byte, work, merkle root (both in parseBlock), every branch. */
const block: Suite = (file) => [
  {
    title: 'the whole block, and the branch of each transaction',
    check: () => {
      const parsed = parseBlock(file);
      verifyWork(parsed.header, LIMIT);
      verifyEveryBranch(parsed);
    },
  },
];

function verifyEveryBranch({ header, txids }: Block): void {
  const rows = [txids.map((txid) => reversed(fromHex(txid)))];
  for (let row = rows[0] ?? []; row.length > 1; rows.push(row)) {
    row = Array.from({ length: Math.ceil(row.length / 2) }, (_, i) => hash256(concat(node(row, 2 * i), node(row, 2 * i + 1))));
  }
  txids.forEach((txid, index) => {
    const branch = rows.slice(0, -1).map((row, depth) => node(row, (index >> depth) ^ 1));
    verifyInclusion(txid, { height: 0, index, branch }, header);
    if (txids.length > 1) assert.throws(() => verifyInclusion(txid, { height: 0, index: index ^ 1, branch }, header));
  });
}

/** A node, or its sibling where an odd row ends. */
function node(row: readonly Uint8Array[], at: number): Uint8Array {
  return row[at] ?? row[at ^ 1] ?? assert.fail('no such node');
}

/** A file of headers, 80 bytes each, or 81 with the zero count of transactions that a `headers` message has. */
const headers: Suite = (file) => [
  {
    title: 'linkage, proof of work and retargets',
    check: () => {
      const size =
        file.length % 81 === 0 && Array.from({ length: file.length / 81 }, (_, i) => file[81 * i + 80]).every((byte) => byte === 0) ? 81 : HEADER_BYTES;
      assert.ok(file.length > 0);
      assert.equal(file.length % size, 0);
      verifyRun(Array.from({ length: file.length / size }, (_, i) => file.subarray(i * size, i * size + HEADER_BYTES)));
    },
  },
];

function verifyRun(list: readonly Uint8Array[]): void {
  const parsed = list.map(parseHeader);
  const [first] = parsed;
  if (first?.hash === bitcoinMainnet.genesisHash) {
    const chain = createHeaderChain(bitcoinMainnet, { minimumWork: 0n });
    chain.extend(list.slice(1));
    assert.equal(chain.tip().hash, parsed.at(-1)?.hash);
    return;
  }
  parsed.forEach((header, i) => {
    verifyWork(header, LIMIT);
    const before = parsed[i - 1];
    if (!before) return;
    assert.equal(header.previous, before.hash);
    if (header.bits === before.bits) return;
    const start = parsed[i - PERIOD];
    if (start) assert.equal(header.bits, retarget(before.bits, before.time - start.time, LIMIT));
    else assert.ok(targetOf(header.bits) <= 4n * targetOf(before.bits) && 4n * targetOf(header.bits) + targetOf(header.bits) / 1000n >= targetOf(before.bits));
  });
}

interface CheckpointHeader {
  readonly height: number;
  readonly hash: string;
  readonly header: string;
  readonly bits: number;
  readonly time: number;
  /** Hex. */
  readonly chainwork: string;
}

/** The first header of each period: fields, work, and the chain work between any two. */
const checkpoints: Suite = (file) => {
  const list = parseVectors<readonly CheckpointHeader[]>(file);
  return list.map((item, i) => ({
    title: `the header at ${item.height}`,
    check: () => {
      const header = parseHeader(fromHex(item.header));
      verifyWork(header, LIMIT);
      assert.deepEqual([header.hash, header.bits, header.time, item.height % PERIOD], [item.hash, item.bits, item.time, 0]);
      const before = list[i - 1] ?? { height: 0, bits: LIMIT, chainwork: workOf(LIMIT).toString(16) };
      if (item.height !== before.height + PERIOD) return;
      assert.equal(BigInt(`0x${item.chainwork}`), BigInt(`0x${before.chainwork}`) + 2015n * workOf(before.bits) + workOf(item.bits));
      assert.ok(targetOf(item.bits) <= 4n * targetOf(before.bits));
    },
  }));
};

/** Electrum's [hash of a period's last block, target of the next period]; targets have more digits than a double. */
const electrum: Suite = async (file, context) => {
  const text = new TextDecoder().decode(file).replace(/,\s*(\d+)\s*\]/g, ',"$1"]');
  const list = JSON.parse(text) as (readonly [string, string])[];
  const known = new Map(((await context.json('bitcoin/mainnet-checkpoint-headers.json')) as readonly CheckpointHeader[]).map((item) => [item.height, item]));
  return list.map(([hash, decimal], i) => ({
    title: `the end of period ${i}`,
    check: () => {
      const target = BigInt(decimal);
      assert.equal(targetOf(compactOf(target), targetOf(LIMIT)), target);
      assert.ok(BigInt(`0x${hash}`) <= BigInt(list[i - 1]?.[1] ?? targetOf(LIMIT)));
      const next = known.get(PERIOD * (i + 1));
      if (next) assert.deepEqual([parseHeader(fromHex(next.header)).previous, next.bits], [hash, compactOf(target)]);
    },
  }));
};

/** A `merkleblock`, alone or with the transactions it proves behind it. */
const merkleBlock: Suite = (file) => [
  {
    title: 'its header has work, and each match leads to it',
    check: () => {
      const from = reader(file);
      const { header, matches } = readMerkleBlock(from);
      verifyWork(header, LIMIT);
      assert.ok(matches.length > 0);
      for (const { txid, index, branch } of matches) verifyInclusion(txid, { height: 0, index, branch }, header);
      if (from.left === 0) assert.deepEqual(parseMerkleBlock(file).matches, matches);
      else {
        const count = from.compactSize();
        assert.deepEqual(
          Array.from({ length: count }, () => readWhole(from).txid),
          matches.map(({ txid }) => txid),
        );
        from.end();
      }
    },
  },
];

type FilterRow = readonly [
  height: number,
  hash: string,
  block: string,
  previous: readonly string[],
  previousHeader: string,
  filter: string,
  header: string,
  note: string,
];

/** BIP 158's own vectors: rows after two rows of headings. */
const filters: Suite = (file) =>
  parseVectors<readonly (FilterRow | readonly string[])[]>(file)
    .filter((row): row is FilterRow => typeof row[0] === 'number')
    .map(([height, hash, raw, previous, previousHeader, filter, header, note]) => ({
      title: `block ${height}: ${note}`,
      check: () => {
        const parsed = parseBlock(fromHex(raw));
        assert.equal(parsed.header.hash, hash);
        const bytes = fromHex(filter);
        const elements = filterElements(parsed, previous.map(fromHex));
        assert.equal(toHex(encodeFilter(elements, hash)), filter);
        assert.equal(decodeFilter(bytes).length, elements.length);
        assert.equal(filterHeader(bytes, previousHeader), header);
        for (const element of elements) assert.ok(matchesFilter(bytes, hash, [element]));
        assert.equal(matchesFilter(bytes, hash, [fromHex('76a914000102030405060708090a0b0c0d0e0f1011121388ac')]), false);
        for (let length = 0; length < bytes.length; length++) assert.throws(() => decodeFilter(bytes.subarray(0, length)));
      },
    }));

interface SummaHeader {
  /** Display order; 0x first, as all hex here. */
  readonly digest?: string;
  /** Inner order. */
  readonly digest_le: string;
  readonly hex: string;
  readonly height?: number;
}

interface SummaHeaders {
  readonly [name: string]: SummaHeader | readonly SummaHeader[];
}

const raw = ({ hex }: SummaHeader): Uint8Array => fromHex(hex.slice(2));

/** Real runs of headers from the middle of mainnet: a start, what follows, and headers that fork off or do not belong. */
const summaHeaders: Suite = (file) => {
  const parts = parseVectors<SummaHeaders>(file);
  const all = Object.values<SummaHeader | readonly SummaHeader[]>(parts).flat();
  const one = (name: string): SummaHeader | undefined => [parts[name] ?? []].flat()[0];
  const start = one('genesis') ?? assert.fail('no start');
  const periodStart = one('oldPeriodStart');
  const open = (): Branch => {
    const header = parseHeader(raw(start));
    const past = {
      time: (height: number): number => (height === periodStart?.height ? parseHeader(raw(periodStart)).time : -1),
      bits: () => header.bits,
    };
    const parent = { height: start.height ?? 1, hash: header.hash, time: header.time, work: 0n };
    return openBranch(bitcoinMainnet, parent, past, { limit: Infinity, latest: () => Infinity, kept: true });
  };
  const main = Object.entries(parts)
    .filter(([name]) => /chain$/i.test(name))
    .flatMap(([, part]) => part as readonly SummaHeader[]);
  const orphans = Object.entries(parts)
    .filter(([name]) => name.startsWith('orphan'))
    .map(([, part]) => part as SummaHeader);
  const cases: Case[] = [
    {
      title: 'each header hashes to its digest and has work',
      check: () => {
        for (const header of all) {
          assert.equal(toHex(reversed(fromHex(header.digest_le.slice(2)))), hashHeader(raw(header)));
          if (header.digest !== undefined) assert.equal(header.digest.slice(2), hashHeader(raw(header)));
          verifyWork(parseHeader(raw(header)), LIMIT);
        }
      },
    },
    {
      title: 'the run follows its start, retargets included',
      check: () => {
        const branch = open();
        branch.extend(main.map(raw));
        const end = main.at(-1) ?? assert.fail('no run');
        assert.deepEqual([branch.tip().height, branch.tip().hash], [end.height, hashHeader(raw(end))]);
      },
    },
    ...orphans.map((orphan) => ({
      title: `the orphan at ${orphan.height ?? '?'} follows where it forks off`,
      check: () => {
        const branch = open();
        branch.extend([...main.filter(({ height }) => (height ?? 0) < (orphan.height ?? 0)), orphan].map(raw));
        assert.equal(branch.tip().hash, hashHeader(raw(orphan)));
      },
    })),
  ];
  const bad = one('badHeader');
  if (bad)
    cases.push({ title: 'a header from elsewhere does not follow', check: () => assert.throws(() => open().extend([raw(bad)]), { code: 'HeaderLinkage' }) });
  return cases;
};

interface RetargetCase {
  readonly first_time: number;
  readonly last_time: number;
  readonly last_bits: string;
  readonly new_bits: string;
  /** Before it is cut to its compact form. */
  readonly new_target: string;
  readonly note: string;
}

/** The reference multiplies a mantissa below 0x8000 by 256, and compares with the target it never cut: Bitcoin's rule is the compact form; BNS (d.3). */
const retargets: Suite = (file) =>
  parseVectors<{ readonly cases: readonly RetargetCase[] }>(file).cases.map((item) => ({
    title: `${item.last_bits} over ${item.last_time - item.first_time} s: ${item.note}`,
    check: () => {
      const bits = retarget(Number.parseInt(item.last_bits, 16), item.last_time - item.first_time, LIMIT);
      const factor = (Number.parseInt(item.last_bits, 16) & 0xffffff) < 0x8000 ? 256n : 1n;
      assert.equal(bits, compactOf(BigInt(`0x${item.new_target}`) / factor));
      assert.equal(targetOf(bits), targetOf(Number.parseInt(item.new_bits, 16)) / factor);
    },
  }));

interface SpvHeader {
  readonly version: number;
  readonly prevhash?: string;
  readonly prev_block_hash?: string;
  readonly merkle_root: string;
  readonly timestamp: number;
  readonly bits: number;
  readonly nonce: number;
  readonly hash: string;
}

function verifyFields(bytes: Uint8Array, fields: SpvHeader): void {
  const { version, previous, merkleRoot, time, bits, nonce, hash } = parseHeader(bytes);
  assert.deepEqual(
    [version, previous, merkleRoot, time, bits, nonce, hash],
    [fields.version, fields.prevhash ?? fields.prev_block_hash, fields.merkle_root, fields.timestamp, fields.bits, fields.nonce, fields.hash],
  );
}

const spvHeaders: Suite = (file) =>
  parseVectors<{ readonly cases: readonly { readonly hash: string; readonly header: SpvHeader; readonly hex: string; readonly stored_81_bytes: string }[] }>(
    file,
  ).cases.map((item) => ({
    title: item.hash,
    check: () => {
      verifyFields(fromHex(item.hex), item.header);
      assert.equal(item.header.hash, item.hash);
      assert.equal(item.stored_81_bytes, `${item.hex}00`);
    },
  }));

interface SpvChainCase {
  readonly what: string;
  readonly headers?: readonly (SpvHeader & { readonly block_height: number })[];
  readonly verify?: boolean;
}

/**
 * The reference checks nothing by default and what its description says otherwise; the header fields are given in one case alone,
 * so the others are made from blocks 0 and 1 as they are described: BNS (d.3) demands that they are refused.
 */
const spvChain: Suite = (file) => {
  const { cases } = parseVectors<{ readonly cases: readonly SpvChainCase[] }>(file);
  const whole = cases.flatMap((item) => item.headers ?? []);
  return cases.map((item) => ({
    title: item.what,
    check: () => {
      const list = (item.headers ?? whole).map((fields) => {
        const bytes = concat(
          le32(fields.version),
          reversed(fromHex(fields.prev_block_hash ?? fields.prevhash ?? '')),
          reversed(fromHex(fields.merkle_root)),
          ...[fields.timestamp, fields.bits, fields.nonce].map(le32),
        );
        verifyFields(bytes, fields);
        return bytes;
      });
      const verify = (): void => createHeaderChain(bitcoinMainnet, { minimumWork: 0n }).extend(list.slice(1));
      if (item.headers) {
        if (item.verify === false) assert.throws(verify);
        else verify();
        return;
      }
      const last = list.at(-1)?.slice() ?? assert.fail('no header');
      list[list.length - 1] = last;
      if (/bits/.test(item.what)) last.set(le32(0x1c00ffff), 72);
      else if (/prev|same file/.test(item.what)) last.fill(0xab, 4, 36);
      else last.set(le32(1), 76);
      assert.throws(verify);
    },
  }));
};

function le32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

interface MerkleCase {
  readonly merkleroot: string;
  readonly txids: readonly string[];
  readonly ok: boolean;
  readonly note?: string;
}

/** Where the reference takes a list whose last transaction is repeated (CVE-2012-2459), the specification demands its refusal; BNS (f). */
const spvMerkle: Suite = (file) =>
  parseVectors<{ readonly cases: readonly MerkleCase[] }>(file).cases.map((item) => ({
    title: `${item.merkleroot.slice(0, 16)} of ${item.txids.length}: ${item.note ?? ''}`,
    check: () => {
      const leaves = item.txids.map((txid) => reversed(fromHex(txid)));
      const { root, twins } = merkleTree(leaves);
      assert.equal(equal(reversed(root), fromHex(item.merkleroot)), item.ok);
      assert.equal(twins, new Set(item.txids).size !== item.txids.length);
    },
  }));

export const bitcoinSuites: Readonly<Record<string, Suite>> = {
  'bitcoin/block*.raw': block,
  'bitcoin/headers*.raw': headers,
  'bitcoin/*headers*.bin': headers,
  'bitcoin/mainnet-checkpoint-headers.json': checkpoints,
  'bitcoin/electrum-checkpoints.json': electrum,
  'bitcoin/merkle*.raw': merkleBlock,
  'bitcoin/filter-valid.json': filters,
  'bitcoin/summa/headers*.json': summaHeaders,
  'bitcoin/summa/testProofs.json': summaProofs,
  'bitcoin/summa/testVectors.json': summaVectors,
  'bns-v1/spv_retarget.json': retargets,
  'bns-v1/spv_headers.json': spvHeaders,
  'bns-v1/spv_chain_verify.json': spvChain,
  'bns-v1/spv_block_merkle.json': spvMerkle,
};
