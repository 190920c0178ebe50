import assert from 'node:assert/strict';
import { fromHex, toHex } from '../../src/lib/bytes.js';
import { nameConsensusHash, nameHash128, preorderHash } from '../../src/names/bitcoin/commitment.js';
import { epochAt } from '../../src/names/bitcoin/epoch.js';
import { mainnet } from '../../src/names/bitcoin/network.js';
import { decodeOperation, encodeOperation, type Operation } from '../../src/names/bitcoin/operation.js';
import { each } from './each.js';
import type { Suite } from './suite.js';

const opReturnParse = each<{ op_name: string; op_return: string; parsed_by_height: Readonly<Record<string, Record<string, unknown> | null>> }>(
  (vector) => `${vector.op_name} ${vector.op_return}`,
  (vector) => {
    for (const [height, wanted] of Object.entries(vector.parsed_by_height)) {
      assert.deepEqual(
        parsedFields(vector.op_return, epochAt(mainnet, Number(height)).number),
        wanted === null || 'exception' in wanted ? null : numbers(wanted),
        `at ${height}`,
      );
    }
  },
);

/** u64 amounts leave the exact range of JSON numbers: both sides are compared as doubles. */
function numbers(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]));
}

/** The fields as the reference's parsers name them, which judge data without counting outputs. */
function parsedFields(opReturn: string, epoch: number): Record<string, unknown> | null {
  const decode = (outputs: number) => decodeOperation(fromHex(opReturn), { magic: 'id', epoch, outputs });
  const operation = decode(3) ?? decode(4);
  return operation && numbers(namedFields(operation));
}

const REVEAL_SENDER = fromHex(`76a914${'33'.repeat(20)}88ac`);
const REVEAL_RECIPIENT = '1111111111111111111114oLvT2';

function namedFields(operation: Operation): Record<string, unknown> {
  const { opcode } = operation;
  switch (opcode) {
    case 'NAME_PREORDER': {
      const { preorderHash: preorder_hash, consensusHash: consensus_hash, tokens } = operation;
      return { opcode, preorder_hash, consensus_hash, token_fee: tokens?.amount ?? null, token_units: tokens?.units ?? null };
    }
    case 'NAME_REGISTRATION':
    case 'NAME_RENEWAL':
      return { opcode: 'NAME_REGISTRATION', name: operation.name, value_hash: operation.valueHash, token_fee: operation.tokens };
    case 'NAME_UPDATE':
      return { opcode, name_consensus_hash: operation.nameConsensusHash, value_hash: operation.valueHash };
    case 'NAME_TRANSFER':
      return {
        opcode,
        name_hash128: operation.nameHash128,
        consensus_hash: operation.consensusHash,
        keep_data: operation.keepData,
        recipient: toHex(REVEAL_SENDER),
      };
    case 'NAME_REVOKE':
      return { opcode, name: operation.name };
    case 'NAME_IMPORT':
      return { opcode, name: operation.name, recipient: toHex(REVEAL_SENDER), value_hash: '44'.repeat(20) };
    case 'NAMESPACE_PREORDER':
      return { opcode, preorder_hash: operation.preorderHash, consensus_hash: operation.consensusHash, token_fee: operation.tokens };
    case 'NAMESPACE_REVEAL': {
      const { namespace, lifetime, coeff, base, buckets, nonalphaDiscount, noVowelDiscount, version } = operation;
      const preorder_hash = preorderHash(namespace, REVEAL_SENDER, REVEAL_RECIPIENT);
      return {
        opcode,
        namespace_id: namespace,
        lifetime,
        coeff,
        base,
        buckets,
        nonalpha_discount: nonalphaDiscount,
        no_vowel_discount: noVowelDiscount,
        version,
        preorder_hash,
      };
    }
    case 'NAMESPACE_READY':
      return { opcode, namespace_id: operation.namespace };
    case 'ANNOUNCE':
      return { opcode, message_hash: operation.messageHash };
    case 'TOKEN_TRANSFER':
      return { opcode, consensus_hash: operation.consensusHash, token_units: operation.units, token_fee: operation.amount, scratch_area: operation.scratch };
  }
}

interface BuildArguments {
  readonly name: string;
  readonly namespace_id: string;
  readonly script_pubkey: string;
  readonly register_addr: string | null;
  readonly consensus_hash: string;
  readonly data_hash: string;
  readonly value_hash?: string;
  readonly message_hash: string;
  readonly keep_data: boolean;
  readonly lifetime: number;
  readonly coeff: number;
  readonly base: number;
  readonly buckets: readonly number[];
  readonly nonalpha_discount: number;
  readonly no_vowel_discount: number;
  readonly version: number;
}

const opReturnBuild = each<{ op: Operation['opcode']; args: BuildArguments; op_return: string }>(
  (vector, i) => `${vector.op} ${i}`,
  (vector) => {
    const data = encodeOperation(built(vector.op, vector.args), { magic: 'id' });
    assert.equal(toHex(data), vector.op_return);
    assert.equal(decodeOperation(data, { magic: 'id', epoch: 3, outputs: vector.op === 'NAME_RENEWAL' ? 4 : 3 })?.opcode, vector.op);
  },
);

function built(opcode: Operation['opcode'], args: BuildArguments): Operation {
  const hidden = (text: string): string => preorderHash(text, fromHex(args.script_pubkey), args.register_addr ?? '');
  switch (opcode) {
    case 'NAME_PREORDER':
      return { opcode, preorderHash: hidden(args.name), consensusHash: args.consensus_hash, tokens: null };
    case 'NAME_REGISTRATION':
    case 'NAME_RENEWAL':
      return { opcode, name: args.name, valueHash: args.value_hash ?? null, tokens: null };
    case 'NAME_UPDATE':
      return { opcode, nameConsensusHash: nameConsensusHash(args.name, args.consensus_hash), valueHash: args.data_hash };
    case 'NAME_TRANSFER':
      return { opcode, keepData: args.keep_data, nameHash128: nameHash128(args.name), consensusHash: args.consensus_hash };
    case 'NAME_REVOKE':
    case 'NAME_IMPORT':
      return { opcode, name: args.name };
    case 'NAMESPACE_PREORDER':
      return { opcode, preorderHash: hidden(args.namespace_id), consensusHash: args.consensus_hash, tokens: null };
    case 'NAMESPACE_REVEAL': {
      const {
        namespace_id: namespace,
        lifetime,
        coeff,
        base,
        buckets,
        nonalpha_discount: nonalphaDiscount,
        no_vowel_discount: noVowelDiscount,
        version,
      } = args;
      return { opcode, namespace, lifetime, coeff, base, buckets, nonalphaDiscount, noVowelDiscount, version };
    }
    case 'NAMESPACE_READY':
      return { opcode, namespace: args.namespace_id };
    case 'ANNOUNCE':
      return { opcode, messageHash: args.message_hash };
    case 'TOKEN_TRANSFER':
      throw new Error('the client behind these vectors builds no token transfer');
  }
}

export const bnsPayloadSuites: Readonly<Record<string, Suite>> = {
  'bns-v1/op_return_parse.json': opReturnParse,
  'bns-v1/op_return_build.json': opReturnBuild,
};
