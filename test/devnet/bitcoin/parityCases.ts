import { concat, fromHex, toHex } from '../../../src/lib/bytes.js';
import { hash160, sha256 } from '../../../src/lib/hash.js';
import { encodeNumber, OP, p2pkh, p2sh, push, pushPlain, witnessScript } from '../../../src/devnet/bitcoin/script.js';
import { dustLimit } from '../../../src/devnet/bitcoin/standardness.js';
import { txOf } from '../../../src/devnet/bitcoin/tx.js';
import { serializeTransaction, txidOf, type Output, type Transaction } from '../../../src/names/bitcoin/transaction.js';
import { bigKey, highS, input, key, locks, multisigScript, open, pay, random, sign, unsigned, type Coin, type Forgery, type Lock } from './kit.js';

/** One transaction to be offered; `locks` are the coins it is given, `make` answers the bytes in hex. */
export interface Case {
  readonly name: string;
  readonly locks: readonly Lock[];
  readonly value?: bigint;
  readonly make: (coins: Coin[], scene: Scene) => Promise<Transaction | string> | Transaction | string;
}

/** What cases know of the chain and of each other. */
export interface Scene {
  readonly height: number;
  readonly medianTime: number;
  /** Coinbases by the height that made them. */
  readonly coinbase: (height: number) => Coin;
  /** What an earlier case offered. */
  readonly sent: Map<string, Transaction>;
}

export const VALUE = 100_000n;
const FEE = 2_000n;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const three = [key(1), key(2), key(3)];

/** Every way to lock that the node is to know. */
const spendable: readonly Lock[] = [
  locks.p2pkh(),
  { ...locks.p2pkh(bigKey(4)), name: 'p2pkh, uncompressed' },
  locks.p2wpkh(),
  locks.nested(),
  locks.multisig(1, [key(1)]),
  locks.multisig(1, [key(1), key(2)]),
  locks.multisig(2, three),
  locks.multisig(2, [key(1), bigKey(4)]),
  locks.multisig(3, [1, 2, 3, 4, 5].map(key)),
  locks.p2wsh(2, three),
  locks.nestedWsh(2, three),
  locks.pubkey(),
  locks.bareMultisig(2, three),
];

/** Ways to sign, right and wrong. */
const forgeries: Readonly<Record<string, Forgery>> = {
  ALL: {},
  NONE: { hashType: 2 },
  SINGLE: { hashType: 3 },
  'ALL|ANYONECANPAY': { hashType: 0x81 },
  'NONE|ANYONECANPAY': { hashType: 0x82 },
  'SINGLE|ANYONECANPAY': { hashType: 0x83 },
  'hash type 0': { hashType: 0 },
  'hash type 4': { hashType: 4 },
  'hash type 0x41': { hashType: 0x41 },
  'another hash type than signed': { signature: (s) => concat(s.subarray(0, -1), bytes(2)) },
  'a changed signature': { signature: (s) => s.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) },
  'a high S': { signature: highS },
  'DER with a long length': { signature: (s) => concat(bytes(0x30, 0x81, s[1] ?? 0), s.subarray(2)) },
  'DER with a padded R': { signature: (s) => concat(bytes(0x30, (s[1] ?? 0) + 1, 2, (s[3] ?? 0) + 1, 0), s.subarray(4)) },
  'DER with a byte too many': { signature: (s) => concat(s.subarray(0, -1), bytes(0, 1)) },
  'no signature': { signature: () => new Uint8Array() },
  'a hash type alone': { signature: () => bytes(1) },
  'the key of another': { keys: [key(8), key(9), key(10)] },
  'another value': { value: VALUE - 1n },
  'an item too many': { items: (items) => [bytes(5), ...items] },
  'the first item missing': { items: (items) => items.slice(1) },
  'the last item missing': { items: (items) => items.slice(0, -1) },
  'no items': { items: () => [] },
  'a script signature that computes': { scriptSig: (script) => concat(script, bytes(OP.NOP)) },
  'a script signature that pushes more': { scriptSig: (script) => concat(bytes(OP.OP_1), script) },
};

function signatureCases(): Case[] {
  return spendable.flatMap((lock) =>
    Object.entries(forgeries).map(([how, forgery]): Case => ({
      name: `${lock.name}: ${how}`,
      locks: [lock],
      make: ([coin]) => (coin ? sign(unsigned([coin], [pay(coin.value - FEE)]), 0, coin, forgery) : ''),
    })),
  );
}

function multisigCases(): Case[] {
  const lock = locks.multisig(2, three);
  const wide = (count: number): Lock =>
    locks.multisig(
      1,
      Array.from({ length: count }, (_, i) => key(20 + i)),
    );
  const one = (name: string, of: Lock, forgery: Forgery): Case => ({
    name: `multisig: ${name}`,
    locks: [of],
    make: ([coin]) => (coin ? sign(unsigned([coin], [pay(coin.value - FEE)]), 0, coin, forgery) : ''),
  });
  return [
    one('keys 1 and 3', lock, { keys: [key(1), key(3)] }),
    one('keys 2 and 3', lock, { keys: [key(2), key(3)] }),
    one('the wrong order', lock, { keys: [key(2), key(1)] }),
    one('the same key twice', lock, { keys: [key(1), key(1)] }),
    one('too few', lock, { keys: [key(1)] }),
    one('too many', lock, { keys: three }),
    one('a dummy of one', lock, { items: (items) => [bytes(1), ...items.slice(1)] }),
    one('a dummy of zero byte', lock, { items: (items) => [bytes(0), ...items.slice(1)] }),
    one('one stranger', lock, { keys: [key(1), key(9)] }),
    one('one empty', lock, { items: (items) => items.map((item, i) => (i === 1 ? new Uint8Array() : item)) }),
    one('all empty', lock, { items: (items) => items.map((item, i) => (i > 0 && i < items.length - 1 ? new Uint8Array() : item)) }),
    one('1 of 15', wide(15), {}),
    one('the last of 15', wide(15), { keys: [key(34)] }),
    ...[10, 11, 12, 13].flatMap((n) =>
      [2, 1].map((m) =>
        one(
          `${m} of ${n}`,
          locks.multisig(
            m,
            Array.from({ length: n }, (_, i) => key(20 + i)),
          ),
          {},
        ),
      ),
    ),
    ...[11, 12, 13].map((n) =>
      one(
        `1 of ${n} in p2wsh`,
        locks.p2wsh(
          1,
          Array.from({ length: n }, (_, i) => key(20 + i)),
        ),
        {},
      ),
    ),
    one('1 of 16, a script above 520 bytes', wide(16), {}),
    one('an uncompressed key in p2wsh', locks.p2wsh(1, [bigKey(4)]), {}),
    one('an uncompressed key in p2wpkh', locks.p2wpkh(bigKey(4)), {}),
    one('an uncompressed key in p2sh-p2wpkh', locks.nested(bigKey(4)), {}),
    one('a hybrid key', locks.p2pkh({ ...bigKey(4), bytes: bigKey(4).bytes.map((byte, i, all) => (i === 0 ? 6 + ((all[64] ?? 0) & 1) : byte)) }), {}),
    one('a key off the curve', locks.multisig(1, [{ ...key(1), bytes: concat(bytes(2), new Uint8Array(32).fill(255)) }, key(1)]), {}),
    one('another inside', lock, { items: (items) => [...items.slice(0, -1), multisigScript(2, [key(1), key(2), key(4)])] }),
  ];
}

/** Coins of the plainest kind, and a change of the transaction before it is signed. */
function plain(name: string, change: (tx: Transaction, coin: Coin, scene: Scene) => Transaction | null, value = VALUE): Case {
  return {
    name,
    locks: [locks.p2wpkh()],
    value,
    make: ([coin], scene) => {
      const changed = coin && change(unsigned([coin], [pay(coin.value - FEE)]), coin, scene);
      return changed && coin ? sign(changed, 0, coin) : '';
    },
  };
}

const outputs = (name: string, of: (value: bigint) => readonly Output[]): Case => plain(name, (tx, coin) => ({ ...tx, outputs: of(coin.value - FEE) }));

function outputCases(): Case[] {
  const scripts: Readonly<Record<string, Uint8Array>> = {
    p2pkh: p2pkh(new Uint8Array(20)),
    p2sh: p2sh(new Uint8Array(20)),
    p2wpkh: witnessScript(0, new Uint8Array(20)),
    p2wsh: witnessScript(0, new Uint8Array(32)),
    p2tr: witnessScript(1, new Uint8Array(32).fill(2)),
    anchor: witnessScript(1, bytes(0x4e, 0x73)),
    'a program of version 2': witnessScript(2, new Uint8Array(32)),
    'a program of version 16': witnessScript(16, new Uint8Array(2)),
    'a program of version 1 and 40 bytes': witnessScript(1, new Uint8Array(40)),
    'version 0 of 25 bytes': witnessScript(0, new Uint8Array(25)),
    p2pk: locks.pubkey().script,
    'p2pk uncompressed': locks.pubkey(bigKey(4)).script,
    'bare 1 of 2': multisigScript(1, [key(1), key(2)]),
    'bare 2 of 4': multisigScript(2, [1, 2, 3, 4].map(key)),
  };
  const dust = Object.entries(scripts).flatMap(([name, script]) => [
    outputs(`${name} at the dust limit`, (value) => [pay(value - dustLimit({ script })), pay(dustLimit({ script }), script)]),
    outputs(`${name} one below it`, (value) => [pay(value), pay(dustLimit({ script }) - 1n, script)]),
  ]);
  const odd: Readonly<Record<string, Uint8Array>> = {
    'an empty script': new Uint8Array(),
    OP_1: bytes(OP.OP_1),
    'OP_1 and a key': concat(bytes(OP.OP_1), pushPlain(key(1).bytes)),
    'a push past the end': bytes(0x4c, 0x50, 1),
    'p2pkh with a NOP': concat(p2pkh(new Uint8Array(20)), bytes(OP.NOP)),
    'p2sh of 19 bytes': concat(bytes(OP.HASH160, 19), new Uint8Array(19), bytes(OP.EQUAL)),
    '1700 bytes': new Uint8Array(1700).fill(OP.NOP),
    '10001 bytes': new Uint8Array(10_001).fill(OP.NOP),
  };
  return [
    ...dust,
    ...Object.entries(odd).map(([name, script]) => outputs(`output: ${name}`, (value) => [pay(value), pay(1000n, script)])),
    outputs('dust, then a bare key', (value) => [pay(value), pay(1n), pay(1000n, locks.pubkey().script)]),
    outputs('a bare key, then dust', (value) => [pay(value), pay(1000n, locks.pubkey().script), pay(1n)]),
    outputs('two dusts', (value) => [pay(value), pay(1n), pay(2n)]),
    outputs('two zero anchors', (value) => [pay(value), pay(0n, witnessScript(1, bytes(0x4e, 0x73))), pay(0n, witnessScript(1, bytes(0x4e, 0x73)))]),
    plain('dust in version 9', (tx) => ({ ...tx, version: 9, outputs: [...tx.outputs, pay(1n)] })),
    plain('dust, not final', (tx, coin) => ({ ...tx, lockTime: 5000, inputs: [input(coin, 0)], outputs: [...tx.outputs, pay(1n)] })),
    outputs('an output script of 35 bytes and a negative fee', (value) => [pay(value + 10_000n), pay(1000n, concat(bytes(OP.OP_1), pushPlain(key(1).bytes)))]),
    outputs('no outputs', () => []),
    outputs('a zero value', (value) => [pay(value), pay(0n)]),
    outputs('a zero anchor', (value) => [pay(value), pay(0n, witnessScript(1, bytes(0x4e, 0x73)))]),
    outputs('a negative value', (value) => [pay(value), pay((1n << 64n) - 1n)]),
    outputs('more than all money', (value) => [pay(value), pay(2_100_000_000_000_001n)]),
    outputs('all money twice', () => [pay(2_100_000_000_000_000n), pay(2_100_000_000_000_000n)]),
    outputs('all money', () => [pay(2_100_000_000_000_000n)]),
  ];
}

function dataCases(): Case[] {
  const data = (n: number): Uint8Array => concat(bytes(OP.RETURN), pushPlain(new Uint8Array(n).fill(0x69)));
  const withData = (name: string, ...scripts: Uint8Array[]): Case =>
    outputs(`data: ${name}`, (value) => [pay(value), ...scripts.map((script) => pay(0n, script))]);
  return [
    ...[0, 1, 2, 20, 40, 74, 75, 76, 79, 80, 81, 82, 83, 100, 220].map((n) => withData(`${n} bytes`, data(n))),
    withData('OP_RETURN alone', bytes(OP.RETURN)),
    withData('an opcode that is no push', bytes(OP.RETURN, OP.CHECKSIG)),
    withData('a push past the end', bytes(OP.RETURN, 0x20, 1, 2)),
    withData('many pushes', concat(bytes(OP.RETURN), ...Array.from({ length: 8 }, () => pushPlain(new Uint8Array(9))))),
    withData('PUSHDATA1 where a plain push does', concat(bytes(OP.RETURN, OP.PUSHDATA1, 20), new Uint8Array(20))),
    withData('PUSHDATA2', concat(bytes(OP.RETURN, OP.PUSHDATA2, 20, 0), new Uint8Array(20))),
    withData('small numbers', bytes(OP.RETURN, OP.OP_1, OP.OP_16, OP.NEGATE1, OP.OP_0)),
    withData('OP_13 and a push', concat(bytes(OP.RETURN, OP.OP_1 + 12), pushPlain(new Uint8Array(10)))),
    withData('OP_13 alone', bytes(OP.RETURN, OP.OP_1 + 12)),
    withData('OP_RESERVED', bytes(OP.RETURN, OP.RESERVED)),
    withData('two of them', data(20), data(20)),
    withData('two of them, 41 bytes each', data(41), data(41)),
    outputs('data: and nothing else', () => [pay(0n, data(20))]),
    outputs('data: first, then a payment', (value) => [pay(0n, data(40)), pay(value)]),
    outputs('data: with value', (value) => [pay(value - 1000n), pay(1000n, data(20))]),
    outputs('data: with value, and nothing else', (value) => [pay(value, data(20))]),
    outputs('data: with value in a script that does not parse', (value) => [pay(value - 1000n), pay(1000n, bytes(0x4c, 9))]),
  ];
}

function feeCases(): Case[] {
  const size = 113n;
  const at = (name: string, fee: bigint, value = VALUE): Case => plain(`fee: ${name}`, (tx, coin) => ({ ...tx, outputs: [pay(coin.value - fee)] }), value);
  return [
    at('none', 0n),
    at('one', 1n),
    ...[-3n, -2n, -1n, 0n, 1n].map((more) => at(`the floor and ${more}`, size + more)),
    at('all but the dust limit', VALUE - 546n),
    at('negative', -1n),
    at('far below zero', -1_000_000n),
    at('10 million satoshi a kilobyte', 10_000n * size - 50_000n, 10_000_000n),
    at('above 10 million satoshi a kilobyte', 10_000n * size + 50_000n, 10_000_000n),
  ];
}

function formCases(): Case[] {
  const spare = locks.p2wpkh();
  const two = (name: string, change: (tx: Transaction, coins: Coin[], scene: Scene) => Transaction): Case => ({
    name,
    locks: [spare, spare],
    make: async (coins, scene) => {
      let tx = change(unsigned(coins, [pay(VALUE)]), coins, scene);
      for (const [i, coin] of coins.entries()) if (i < tx.inputs.length) tx = await sign(tx, i, coin);
      return tx;
    },
  });
  const locked = (name: string, lockTime: (scene: Scene) => number, sequence: number): Case =>
    plain(`lock time: ${name}`, (tx, coin, scene) => ({ ...tx, lockTime: lockTime(scene), inputs: [input(coin, sequence)] }));
  const relative = (name: string, sequence: number, version = 2): Case =>
    plain(`sequence: ${name}`, (tx, coin) => ({ ...tx, version, inputs: [input(coin, sequence)] }));
  return [
    ...[0, 1, 2, 3, 4, 0x7fffffff, 0x80000000, 0xffffffff].map((version) => plain(`version ${version}`, (tx) => ({ ...tx, version }))),
    locked('the next block', ({ height }) => height + 1, 0),
    locked('this block', ({ height }) => height, 0),
    locked('one before', ({ height }) => height - 1, 0xfffffffe),
    locked('far, but final by sequence', () => 499_999_999, 0xffffffff),
    locked('far', () => 499_999_999, 0xfffffffe),
    locked('the median time', ({ medianTime }) => medianTime, 0xfffffffe),
    locked('before the median time', ({ medianTime }) => medianTime - 1, 0xfffffffe),
    locked('21', () => 21, 0xfffffffe),
    ...[1, 2, 3, 4, 50].map((n) => relative(`${n} blocks`, n)),
    relative('10000 blocks', 10_000),
    relative('10000 blocks in version 1', 10_000, 1),
    relative('10000 blocks, disabled', 0x80000000 + 10_000),
    relative('no time', 1 << 22),
    relative('512 seconds', (1 << 22) + 1),
    relative('a year', (1 << 22) + 0xffff),
    two('two inputs', (tx) => tx),
    two('the same input twice', (tx, [coin]) => ({ ...tx, inputs: coin ? [input(coin), input(coin)] : [] })),
    two('a missing input beside a good one', (tx, [coin]) => ({ ...tx, inputs: coin ? [input(coin), input({ txid: 'ab'.repeat(32), vout: 0 })] : [] })),
    two('a null input beside a good one', (tx, [coin]) => ({ ...tx, inputs: coin ? [input(coin), input({ txid: '0'.repeat(64), vout: 0xffffffff })] : [] })),
    plain('an output number that is not there', (tx, coin) => ({ ...tx, inputs: [input({ ...coin, vout: 50_000 })] })),
    plain('a coinbase', (tx) => ({ ...tx, inputs: [{ ...input({ txid: '0'.repeat(64), vout: 0xffffffff }), script: bytes(1, 2, 3) }] })),
    {
      name: 'a true coinbase form',
      locks: [],
      make: () => unsigned([], [pay(5n * 10n ** 9n)], { inputs: [{ ...input({ txid: '0'.repeat(64), vout: 0xffffffff }), script: bytes(1, 2, 3) }] }),
    },
    {
      name: 'a coinbase with a short script',
      locks: [],
      make: () => unsigned([], [pay(5n * 10n ** 9n)], { inputs: [{ ...input({ txid: '0'.repeat(64), vout: 0xffffffff }), script: bytes(1) }] }),
    },
    { name: 'no inputs', locks: [], make: () => unsigned([], [pay(1000n)]) },
    {
      name: 'a small transaction of 64 bytes',
      locks: [spare],
      make: ([coin]) => (coin ? sign(unsigned([coin], [pay(0n, concat(bytes(OP.RETURN), pushPlain(bytes(1, 2))))]), 0, coin) : ''),
    },
    {
      name: 'a transaction of 65 bytes',
      locks: [spare],
      make: ([coin]) => (coin ? sign(unsigned([coin], [pay(0n, concat(bytes(OP.RETURN), pushPlain(bytes(1, 2, 3))))]), 0, coin) : ''),
    },
    {
      name: 'a small payment',
      locks: [spare],
      make: ([coin]) => (coin ? sign(unsigned([coin], [pay(VALUE - FEE, witnessScript(1, bytes(0x4e, 0x73)))]), 0, coin) : ''),
    },
    plain('2000 outputs', (tx) => ({ ...tx, outputs: Array.from({ length: 2000 }, () => pay(VALUE - FEE)) }), 2000n * VALUE),
    plain('3200 outputs, above the standard weight', (tx) => ({ ...tx, outputs: Array.from({ length: 3200 }, () => pay(VALUE - FEE)) }), 3200n * VALUE),
  ];
}

function maturityCases(): Case[] {
  return [98, 99, 100, 101, 1].map((depth): Case => ({
    name: `a coinbase ${depth} deep`,
    locks: [],
    make: (_, scene) => {
      const coin = scene.coinbase(scene.height + 1 - depth);
      return sign(unsigned([coin], [pay(coin.value - FEE)]), 0, coin);
    },
  }));
}

/** Scripts of p2sh and p2wsh that are no payment of a common kind. */
function scriptCases(): Case[] {
  const number = (n: number): Uint8Array => push(encodeNumber(n));
  const one = (name: string, inside: Uint8Array, items: readonly Uint8Array[] = [], more: Partial<Transaction> = {}, sequence = 0xfffffffd): Case[] =>
    [locks.script(inside), locks.witnessScript(inside)].map((lock) => ({
      name: `${lock.name}: ${name}`,
      locks: [lock],
      make: ([coin]) =>
        coin
          ? open(
              unsigned([coin], [pay(coin.value - FEE)], {
                inputs: [input(coin, sequence)],
                ...more,
                ...(more.inputs ? {} : { inputs: [input(coin, sequence)] }),
              }),
              0,
              coin,
              [...items, inside],
            )
          : '',
    }));
  const after = (n: number): Uint8Array => concat(number(n), bytes(OP.CLTV, OP.DROP, OP.OP_1));
  const wait = (n: number): Uint8Array => concat(number(n), bytes(OP.CSV, OP.DROP, OP.OP_1));
  const secret = bytes(1, 2, 3, 4);
  const random80 = new Uint8Array(80).fill(3);
  return [
    ...one('OP_1', bytes(OP.OP_1)),
    ...one('OP_0', bytes(OP.OP_0)),
    ...one('nothing', new Uint8Array()),
    ...one('RETURN', bytes(OP.RETURN)),
    ...one('locked until 50', after(50), [], { lockTime: 50 }),
    ...one('locked until 50, tried at 49', after(50), [], { lockTime: 49 }),
    ...one('locked until 50, tried with a final sequence', after(50), [], { lockTime: 50 }, 0xffffffff),
    ...one('locked until a negative height', after(-1), [], { lockTime: 50 }),
    ...one('locked until a time, tried by height', after(500_000_001), [], { lockTime: 50 }),
    ...one('a lock time of six bytes', concat(push(bytes(1, 1, 1, 1, 1, 1)), bytes(OP.CLTV)), [], { lockTime: 50 }),
    ...one('wait 2', wait(2), [], {}, 2),
    ...one('wait 2, tried after 1', wait(2), [], {}, 1),
    ...one('wait 2, in version 1', wait(2), [], { version: 1 }, 2),
    ...one('wait 2, tried by time', wait(2), [], {}, (1 << 22) + 2),
    ...one('wait, disabled', concat(number(2 ** 31 + 2), bytes(OP.CSV, OP.DROP, OP.OP_1)), [], {}, 0),
    ...one('a hash lock', concat(bytes(OP.HASH160), pushPlain(hash160(secret)), bytes(OP.EQUAL)), [secret]),
    ...one('a hash lock, another secret', concat(bytes(OP.HASH160), pushPlain(hash160(secret)), bytes(OP.EQUAL)), [bytes(9)]),
    ...one('a hash lock by EQUALVERIFY', concat(bytes(OP.SHA256), pushPlain(sha256(secret)), bytes(OP.EQUALVERIFY, OP.OP_1)), [secret]),
    ...one('a SHA-1 lock', concat(bytes(OP.SHA1), push(fromHex('12dada1fff4d4787ade3333147202c3b443e376f')), bytes(OP.EQUAL)), [secret]),
    ...one('an item of 80 bytes', bytes(OP.DROP, OP.OP_1), [random80]),
    ...one('an item of 81 bytes', bytes(OP.DROP, OP.OP_1), [concat(random80, bytes(1))]),
    ...one('an item of 521 bytes', bytes(OP.DROP, OP.OP_1), [new Uint8Array(521)]),
    ...[80, 256, 257, 520].flatMap((n) => one(`a pushed item of ${n} bytes`, bytes(OP.SIZE, OP.NIP), [new Uint8Array(n).fill(1)])),
    ...[256, 257].flatMap((n) => one(`an inner push of ${n} bytes`, pushPlain(new Uint8Array(n).fill(1)))),
    ...[1645, 1646, 1647].flatMap((n) => one(`${n} bytes`, new Uint8Array(n).fill(OP.NOP))),
    ...one('data that is dropped', concat(pushPlain(new Uint8Array(20)), bytes(OP.DROP, OP.OP_1))),
    ...one('data that is dropped later', concat(pushPlain(new Uint8Array(20)), bytes(OP.NOP, OP.DROP, OP.OP_1))),
    ...one('a number dropped', bytes(OP.OP_1, OP.DROP, OP.OP_1)),
    ...one('an item dropped', bytes(OP.DROP, OP.OP_1), [bytes(3)]),
    ...one('an envelope', concat(bytes(OP.OP_0, OP.IF), pushPlain(new Uint8Array(20)), bytes(OP.ENDIF, OP.OP_1))),
    ...one('a branch always taken', bytes(OP.OP_1, OP.IF, OP.OP_1, OP.ENDIF)),
    ...one('a branch never taken', bytes(OP.OP_1, OP.IF, OP.OP_1, OP.ELSE, OP.ENDIF)),
    ...one('a branch never taken by reckoning', bytes(OP.OP_1, OP.OP_1, OP.EQUAL, OP.IF, OP.OP_1, OP.ELSE, OP.OP_1, OP.ENDIF)),
    ...one('NOTIF of zero', bytes(OP.OP_0, OP.NOTIF, OP.OP_1, OP.ENDIF)),
    ...one('a branch within a branch', bytes(OP.IF, OP.OP_0, OP.IF, OP.OP_1, OP.ENDIF, OP.ENDIF, OP.OP_1), [bytes(1)]),
    ...one('an ENDIF alone', bytes(OP.OP_1, OP.ENDIF)),
    ...one('something left over', bytes(OP.OP_1), [bytes(5)]),
    ...one('an IF of one', bytes(OP.IF, OP.OP_1, OP.ELSE, OP.OP_0, OP.ENDIF), [bytes(1)]),
    ...one('an IF of two', bytes(OP.IF, OP.OP_1, OP.ELSE, OP.OP_0, OP.ENDIF), [bytes(2)]),
    ...one('an IF of a zero byte', bytes(OP.IF, OP.OP_0, OP.ELSE, OP.OP_1, OP.ENDIF), [bytes(0)]),
    ...one('an IF without end', bytes(OP.OP_1, OP.IF, OP.OP_1)),
    ...one('an IF of nothing', bytes(OP.IF, OP.OP_1, OP.ENDIF)),
    ...one('an ELSE alone', bytes(OP.OP_1, OP.ELSE)),
    ...one('VERIF in a dead branch', bytes(OP.OP_0, OP.IF, OP.VERIF, OP.ENDIF, OP.OP_1)),
    ...one('VER in a dead branch', bytes(OP.OP_0, OP.IF, OP.VER, OP.ENDIF, OP.OP_1)),
    ...one('CAT in a dead branch', bytes(OP.OP_0, OP.IF, OP.CAT, OP.ENDIF, OP.OP_1)),
    ...one('an unknown opcode', bytes(OP.OP_1, 0xc0)),
    ...one('RESERVED', bytes(OP.OP_1, OP.RESERVED)),
    ...one('NOP', bytes(OP.OP_1, OP.NOP)),
    ...one('NOP1', bytes(OP.OP_1, OP.NOP1)),
    ...one('NOP10', bytes(OP.OP_1, OP.NOP10)),
    ...one('CODESEPARATOR', bytes(OP.OP_1, OP.CODESEPARATOR)),
    ...one('a push that could be shorter', bytes(OP.PUSHDATA1, 1, 7)),
    ...one('a number pushed as bytes', bytes(1, 7)),
    ...one('a number with padding', bytes(OP.ADD1), [bytes(1, 0)]),
    ...one('a number of five bytes', bytes(OP.ADD1), [bytes(1, 1, 1, 1, 1)]),
    ...one('a push past the end', bytes(OP.OP_1, 0x4c, 9, 1)),
    ...one('negative zero', bytes(OP.NOP), [bytes(0x80)]),
    ...one('an empty alt stack', bytes(OP.FROMALTSTACK)),
    ...one('ADD', bytes(OP.ADD, OP.OP_1 + 4, OP.NUMEQUAL), [bytes(2), bytes(3)]),
    ...one('WITHIN', bytes(OP.WITHIN), [bytes(2), bytes(1), bytes(3)]),
    ...one('PICK too deep', bytes(OP.OP_1 + 8, OP.PICK)),
    ...one('201 operations', concat(bytes(OP.OP_1), new Uint8Array(201).fill(OP.NOP))),
    ...one('202 operations', concat(bytes(OP.OP_1), new Uint8Array(202).fill(OP.NOP))),
    ...one('16 signature checks', concat(...Array.from({ length: 16 }, () => bytes(OP.OP_0, OP.OP_0, OP.CHECKSIG, OP.DROP)), bytes(OP.OP_1))),
    ...one('a multisig of 21 keys', bytes(OP.OP_0, OP.OP_0, 1, 21, OP.CHECKMULTISIG)),
    ...one('a multisig of none', bytes(OP.OP_0, OP.OP_0, OP.OP_0, OP.CHECKMULTISIG)),
    ...one('a key that is none', concat(bytes(OP.OP_0), pushPlain(bytes(1, 2, 3)), bytes(OP.CHECKSIG, OP.NOT))),
    ...one('1651 bytes', new Uint8Array(1651).fill(OP.NOP)),
  ];
}

/** Short programs by chance: p2sh and p2wsh with what is pushed by chance. */
function randomScriptCases(): Case[] {
  const next = random(426_884);
  const palette = [
    OP.OP_0,
    OP.OP_1,
    OP.OP_1 + 1,
    OP.OP_1 + 2,
    OP.NEGATE1,
    ...Array.from({ length: 0x79 - 0x6b }, (_, i) => 0x6b + i),
    0x79,
    0x7a,
    0x7b,
    0x7c,
    0x7d,
    OP.SIZE,
    OP.EQUAL,
    ...Array.from({ length: 0xa6 - 0x8b }, (_, i) => 0x8b + i),
    OP.SHA256,
    OP.HASH160,
    OP.RIPEMD160,
    OP.HASH256,
    OP.IF,
    OP.NOTIF,
    OP.ELSE,
    OP.ENDIF,
    OP.VERIFY,
    OP.CHECKSIG,
  ];
  return Array.from({ length: 240 }, (_, i): Case => {
    const length = 2 + next(7);
    const inside = Uint8Array.from({ length }, () => palette[next(palette.length)] ?? 0);
    const items = Array.from({ length: 1 + next(4) }, () => Uint8Array.from({ length: next(3) }, () => next(4)));
    const lock = i % 2 === 0 ? locks.script(inside) : locks.witnessScript(inside);
    return {
      name: `by chance ${i}: ${items.map(toHex).join(' ')} | ${toHex(inside)}`,
      locks: [lock],
      make: ([coin]) => (coin ? open(unsigned([coin], [pay(coin.value - FEE)]), 0, coin, [...items, inside]) : ''),
    };
  });
}

function witnessCases(): Case[] {
  const odd = (name: string, lock: Lock, change: (tx: Transaction) => Transaction): Case => ({
    name,
    locks: [lock],
    make: async ([coin]) => (coin ? change(await sign(unsigned([coin], [pay(coin.value - FEE)]), 0, coin)) : ''),
  });
  const withWitness = (tx: Transaction, witness: readonly Uint8Array[]): Transaction => ({ ...tx, inputs: tx.inputs.map((one) => ({ ...one, witness })) });
  const free = (name: string, script: Uint8Array, witness: readonly Uint8Array[] = []): Case => ({
    name,
    locks: [locks.raw(script)],
    make: ([coin]) => (coin ? withWitness(unsigned([coin], [pay(coin.value - FEE)]), witness) : ''),
  });
  return [
    odd('a witness on p2pkh', locks.p2pkh(), (tx) => withWitness(tx, [bytes(1)])),
    odd('a witness on p2sh', locks.multisig(1, [key(1)]), (tx) => withWitness(tx, [bytes(1)])),
    odd('a script signature on p2wpkh', locks.p2wpkh(), (tx) => ({ ...tx, inputs: tx.inputs.map((one) => ({ ...one, script: bytes(OP.OP_1) })) })),
    odd('a nested program pushed by PUSHDATA1', locks.nested(), (tx) => ({
      ...tx,
      inputs: tx.inputs.map((one) => ({ ...one, script: concat(bytes(OP.PUSHDATA1), one.script) })),
    })),
    odd('no witness where one is due', locks.p2wpkh(), (tx) => withWitness(tx, [])),
    odd('a witness item of 600 bytes', locks.p2wpkh(), (tx) => withWitness(tx, [...(tx.inputs[0]?.witness ?? []), new Uint8Array(600)])),
    odd('p2pkh with 1700 bytes pushed', locks.p2pkh(), (tx) => ({
      ...tx,
      inputs: tx.inputs.map((one) => ({ ...one, script: concat(...Array.from({ length: 4 }, () => pushPlain(new Uint8Array(420))), one.script) })),
    })),
    free('an anchor', witnessScript(1, bytes(0x4e, 0x73))),
    free('an anchor with a witness', witnessScript(1, bytes(0x4e, 0x73)), [bytes(1)]),
    free('a program of version 2', witnessScript(2, new Uint8Array(32)), [bytes(1)]),
    free('a program of version 1 and 20 bytes', witnessScript(1, new Uint8Array(20)), [bytes(1)]),
    free('version 0 of 25 bytes', witnessScript(0, new Uint8Array(25)), [bytes(1)]),
    free('a bare OP_1', bytes(OP.OP_1)),
    free('p2sh of an unknown program', p2sh(hash160(witnessScript(3, new Uint8Array(20))))),
  ];
}

/** Bytes of good transactions, changed by chance. */
function mutationCases(): Case[] {
  const next = random(2016);
  return Array.from({ length: 60 }, (_, i): Case => {
    const lock = spendable[i % spendable.length] ?? locks.p2pkh();
    const [where, flip, kind] = [next(1 << 20), 1 << next(8), next(5)];
    return {
      name: `changed by chance ${i} (${lock.name})`,
      locks: [lock],
      make: async ([coin]) => {
        if (!coin) return '';
        const raw = serializeTransaction(await sign(unsigned([coin], [pay(coin.value - FEE)]), 0, coin)).slice();
        const at = where % raw.length;
        if (kind === 0) return toHex(raw.subarray(0, at));
        if (kind === 1) return toHex(concat(raw, bytes(flip)));
        raw[at] = (raw[at] ?? 0) ^ flip;
        return toHex(raw);
      },
    };
  });
}

/** Cases that lean on what earlier ones left in the mempool. */
function poolCases(): Case[] {
  const spend = async (coins: readonly Coin[], fee: bigint, outs: number, sequence = 0xfffffffd): Promise<Transaction> => {
    const sum = coins.reduce((total, coin) => total + coin.value, 0n) - fee;
    let tx = unsigned(
      coins,
      Array.from({ length: outs }, () => pay(sum / BigInt(outs), locks.p2wpkh().script)),
      { inputs: coins.map((coin) => input(coin, sequence)) },
    );
    for (const [i, coin] of coins.entries()) tx = await sign(tx, i, coin);
    return tx;
  };
  const outputOf = (tx: Transaction, vout: number): Coin => ({ ...locks.p2wpkh(), txid: txidOf(tx), vout, value: tx.outputs[vout]?.value ?? 0n });
  const coinsOf = (scene: Scene, name: string): Coin[] =>
    (scene.sent.get(name)?.inputs ?? []).map((one) => ({ ...locks.p2wpkh(), txid: one.txid, vout: one.vout, value: VALUE }));
  const sent = (scene: Scene, name: string): Transaction => scene.sent.get(name) ?? unsigned([], []);
  const fresh = (name: string, coins: number, fee: bigint, outs = 1, sequence = 0xfffffffd): Case => ({
    name,
    locks: Array.from({ length: coins }, () => locks.p2wpkh()),
    make: (given) => spend(given, fee, outs, sequence),
  });
  const again = (name: string, of: string, fee: bigint, outs = 1): Case => ({ name, locks: [], make: (_, scene) => spend(coinsOf(scene, of), fee, outs) });
  const child = (name: string, of: string, vout: number, fee: bigint, outs = 1): Case => ({
    name,
    locks: [],
    make: (_, scene) => spend([outputOf(sent(scene, of), vout)], fee, outs),
  });
  const chain = Array.from({ length: 26 }, (_, i) => (i === 0 ? fresh('chain 0', 1, 500n) : child(`chain ${i}`, `chain ${i - 1}`, 0, 500n)));
  const fan = Array.from({ length: 27 }, (_, i) => child(`fan ${i}`, 'fan', i, 200n));
  return [
    fresh('replaced', 1, 1000n),
    { name: 'the same again', locks: [], make: (_, scene) => sent(scene, 'replaced') },
    again('replacement: the same fee', 'replaced', 1000n, 2),
    again('replacement: less', 'replaced', 900n),
    again('replacement: one more', 'replaced', 1001n),
    again('replacement: 109 more', 'replaced', 1109n),
    again('replacement: 110 more', 'replaced', 1110n),
    again('replacement: far more', 'replaced', 3000n),
    { name: 'the replaced one again', locks: [], make: (_, scene) => sent(scene, 'replaced') },
    child('child of a replaced one', 'replaced', 0, 500n),
    child('child', 'replacement: far more', 0, 500n),
    again('replacement: pays less than parent and child', 'replaced', 3400n),
    again('replacement: pays for parent and child', 'replaced', 3700n),
    fresh('final by sequence', 1, 1000n, 1, 0xffffffff),
    again('replacement of what is final by sequence', 'final by sequence', 5000n),
    fresh('parent', 1, 1000n, 3),
    child('child 0', 'parent', 0, 300n),
    child('child 1', 'parent', 1, 300n),
    { name: 'a child of two', locks: [], make: (_, scene) => spend([outputOf(sent(scene, 'child 0'), 0), outputOf(sent(scene, 'child 1'), 0)], 500n, 1) },
    {
      name: 'a coin spent by its own conflict',
      locks: [],
      make: (_, scene) => spend([...coinsOf(scene, 'parent'), outputOf(sent(scene, 'child 0'), 0)], 9000n, 1),
    },
    {
      name: 'replacement: adds an unconfirmed coin',
      locks: [],
      make: (_, scene) =>
        spend(
          [outputOf(sent(scene, 'child 1'), 0), outputOf(sent(scene, 'parent'), 2)].map((coin) => coin),
          9000n,
          1,
        ),
    },
    {
      name: 'replacement: adds an unconfirmed coin of another',
      locks: [],
      make: (_, scene) => spend([...coinsOf(scene, 'replaced'), outputOf(sent(scene, 'parent'), 2)], 30_000n, 1),
    },
    child('below zero child', 'parent', 2, -5n),
    child('a child of an output that is not there', 'parent', 7, 300n),
    {
      name: 'another witness for the same',
      locks: [],
      make: async (_, scene) => {
        const before = sent(scene, 'replacement of what is final by sequence');
        return {
          ...before,
          inputs: before.inputs.map((one) => ({
            ...one,
            witness: one.witness.map((item, i) => (i === 0 ? item.map((byte, at) => (at === 10 ? byte ^ 1 : byte)) : item)),
          })),
        };
      },
    },
    ...chain,
    fresh('fan', 1, 3000n, 30),
    ...fan,
    { name: 'a spent coin', locks: [], make: (_, scene) => scene.sent.get('mined') ?? '' },
    {
      name: 'a second spend of a mined one',
      locks: [],
      make: async (_, scene) => {
        const mined = scene.sent.get('mined');
        return mined ? { ...mined, lockTime: 1 } : '';
      },
    },
    ...[0, 1, 2, 3].map((i) => again(`replacement of a chain by ${i}`, 'chain 0', 5000n * BigInt(i + 1))),
  ];
}

export function cases(): readonly Case[] {
  return [
    ...signatureCases(),
    ...multisigCases(),
    ...outputCases(),
    ...dataCases(),
    ...feeCases(),
    ...formCases(),
    ...maturityCases(),
    ...scriptCases(),
    ...randomScriptCases(),
    ...witnessCases(),
    ...mutationCases(),
    ...poolCases(),
  ];
}

/** All the outputs that the cases are given, in the order of the cases. */
export function outputsNeeded(all: readonly Case[]): Output[] {
  return all.flatMap((one) => one.locks.map(({ script }) => ({ value: one.value ?? VALUE, script })));
}

export function hexOf(made: Transaction | string): string {
  return typeof made === 'string' ? made : toHex(txOf(made).raw);
}
