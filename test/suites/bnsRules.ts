import assert from 'node:assert/strict';
import { epochAt } from '../../src/names/bitcoin/epoch.js';
import { isInGrace, isUnexpired } from '../../src/names/bitcoin/expiry.js';
import { mainnet } from '../../src/names/bitcoin/network.js';
import { namePrice, namePriceInStacks, namespacePrice } from '../../src/names/bitcoin/price.js';
import { each } from './each.js';
import { parseVectors, type Case, type Suite } from './suite.js';

/** A number as Python prints it. */
interface PythonNumber {
  readonly repr: string;
  readonly type: 'float' | 'int' | 'long';
}

function fromPython({ repr, type }: PythonNumber): number | bigint {
  return type === 'float' ? Number(repr) : BigInt(repr);
}

export interface TermFields {
  readonly namespace_id: string;
  readonly version: number;
  readonly coeff: number;
  readonly base: number;
  readonly buckets: readonly number[];
  readonly nonalpha_discount: number;
  readonly no_vowel_discount: number;
}

export function termsOf(fields: TermFields) {
  const { version, coeff, base, buckets, nonalpha_discount: nonalphaDiscount, no_vowel_discount: noVowelDiscount } = fields;
  return { version, coeff, base, buckets, nonalphaDiscount, noVowelDiscount };
}

const namePrices: Suite = (file) => {
  const { cases, namespaces } = parseVectors<{
    cases: readonly { block: number; name: string; namespace: string; price: PythonNumber; price_stacks?: string }[];
    namespaces: Readonly<Record<string, TermFields>>;
  }>(file);
  return cases.map((vector): Case => ({
    title: `${vector.name}.${vector.namespace} at ${vector.block}`,
    check: () => {
      const fields = namespaces[vector.namespace];
      assert.ok(fields);
      const epoch = epochAt(mainnet, vector.block);
      assert.equal(namePrice(vector.name, termsOf(fields), epoch), fromPython(vector.price));
      if (vector.price_stacks !== undefined) assert.equal(namePriceInStacks(vector.name, termsOf(fields), epoch).toString(), vector.price_stacks);
    },
  }));
};

const namespacePrices = each<{ block: number; len: number; units: 'BTC' | 'STACKS'; price: PythonNumber | null }>(
  (vector) => `${vector.len} characters in ${vector.units} at ${vector.block}`,
  (vector) => assert.equal(namespacePrice('x'.repeat(vector.len), vector.units, epochAt(mainnet, vector.block)), vector.price && fromPython(vector.price)),
);

interface EpochCase {
  readonly block: number;
  readonly epoch: number;
  readonly features: readonly string[];
  readonly lifetime_multiplier_id: number;
  readonly grace_id: number;
  readonly receive_fees_period: number;
  readonly price_units: string;
}

const epochs = each<EpochCase>(
  (vector) => `height ${vector.block}`,
  (vector) => {
    const rules = epochAt(mainnet, vector.block);
    assert.equal(rules.number, vector.epoch);
    assert.equal(rules.lifetimeFactor, vector.lifetime_multiplier_id);
    assert.equal(rules.gracePeriod, vector.grace_id);
    assert.equal(rules.receiveFeesPeriod, vector.receive_fees_period);
    assert.equal(rules.tokens ? 'STACKS' : 'BTC', vector.price_units);
    const features: Readonly<Record<string, boolean>> = {
      BLOCKSTACK_MULTISIG: rules.multisig,
      BLOCKSTACK_SEGWIT: rules.updateWithRegistration,
      BLOCKSTACK_NAMESPACE_BURN_TO_CREATOR: rules.updateWithRegistration,
      BLOCKSTACK_OP_REGISTER_UPDATE: rules.updateWithRegistration,
      BLOCKSTACK_OP_RENEW_TRANSFER_UPDATE: rules.updateWithRegistration,
      BLOCKSTACK_INT_DIVISION: rules.tokens,
      BLOCKSTACK_NAMEOPS_COST_TOKENS: rules.tokens,
      BLOCKSTACK_NAMESPACE_PAY_WITH_STACKS: rules.tokens,
      BLOCKSTACK_PREORDER_EXPIRE: rules.tokens,
      BLOCKSTACK_STACKS_BUY_NAMESPACES: rules.tokens,
      BLOCKSTACK_TOKEN_TRANSFER: rules.tokens,
      BLOCKSTACK_TOKEN_TRANSFER_CONSENSUS_HASH_OPTIONAL: rules.freshnessOptional,
    };
    assert.deepEqual(
      Object.keys(features)
        .filter((feature) => features[feature])
        .sort(),
      [...vector.features].sort(),
    );
  },
);

interface ExpiryFile {
  readonly cases: readonly { name: string; height: number; exists_unexpired: boolean; in_grace: boolean }[];
  readonly names: readonly { name: string; first_registered: number; last_renewed: number }[];
  readonly namespaces: Readonly<Record<string, { lifetime: number; ready_block: number; reveal_block: number }>>;
}

const expiry: Suite = (file) => {
  const { cases, names, namespaces } = parseVectors<ExpiryFile>(file);
  return cases.map((vector): Case => ({
    title: `${vector.name} at ${vector.height}`,
    check: () => {
      const record = names.find(({ name }) => name === vector.name);
      const namespace = namespaces[vector.name.split('.')[1] ?? ''];
      assert.ok(record && namespace);
      const life = { revealBlock: namespace.reveal_block, readyBlock: namespace.ready_block, lifetime: namespace.lifetime };
      assert.equal(record.first_registered <= vector.height && isUnexpired(mainnet, life, record.last_renewed, vector.height), vector.exists_unexpired);
      assert.equal(isInGrace(mainnet, life, record.last_renewed, vector.height), vector.in_grace);
    },
  }));
};

export const bnsRulesSuites: Readonly<Record<string, Suite>> = {
  'bns-v1/name_prices.json': namePrices,
  'bns-v1/namespace_prices.json': namespacePrices,
  'bns-v1/epochs.json': epochs,
  'bns-v1/name_expiry.json': expiry,
};
