import { addressOf } from '../../../src/lib/address.js';
import { fromHex, fromUtf8, toBase64, toHex, toUtf8 } from '../../../src/lib/bytes.js';
import { parseJson } from '../../../src/lib/http.js';
import { parsePrivateKey, publicKeyOf, signerOf } from '../../../src/lib/key.js';
import { signToken } from '../../../src/lib/token.js';
import { encodeCall, parseResponse } from '../../../src/lib/xmlrpc.js';
import { answerRpc } from '../../../src/devnet/bitcoin/rpcServer.js';
import { RpcError, ScriptFailure } from '../../../src/devnet/bitcoin/errors.js';
import { verifyInput } from '../../../src/devnet/bitcoin/interpreter.js';
import { parseBlock, parseTx } from '../../../src/devnet/bitcoin/tx.js';
import { authenticate, challengeText } from '../../../src/hub/authentication.js';
import { isFault } from '../../../src/hub/fault.js';
import { decodePath } from '../../../src/hub/request.js';
import { parseScopes } from '../../../src/hub/scope.js';
import { verifyStated } from '../../../src/names/bitcoin/nameClaim.js';
import { findOperations } from '../../../src/names/bitcoin/snv.js';
import { findNamespace } from '../../../src/names/bitcoin/standing.js';
import type { Indexer } from '../../../src/names/bitcoin/source.js';
import { answerCall } from '../../../src/node/rpc.js';
import { answerRest } from '../../../src/node/rest.js';
import type { ChainFile } from '../../suites/bnsChain.js';
import { ledgerOf } from '../../suites/node.js';
import { parser, type Parser } from '../parser.js';
import { jsons, need, once, some, texts, vector } from '../samples.js';
import { smallBlocks, transactions } from './bitcoin.js';

const key = parsePrivateKey('94f3716956eb1009bc08602391df256ee8e99e824c902767319522c78ffa373f');
const signer = signerOf(key);
const address = addressOf(publicKeyOf(key));
const gate = { serverName: 'hub', address, now: 1_610_712_000, oldest: 0, hubUrls: null };
const payload = {
  gaiaChallenge: challengeText('hub'),
  hubUrl: 'https://hub',
  iss: toHex(publicKeyOf(key)),
  salt: 'ab',
  iat: 1_610_711_000,
  exp: 1_610_719_000,
};

const hub: readonly Parser[] = [
  parser({
    name: 'hubToken',
    file: 'hub/authentication.ts',
    form: 'json',
    cases: 1500,
    seeds: () => jsons(payload, { ...payload, scopes: [{ scope: 'putFile', domain: 'a' }] }, { ...payload, gaiaChallenge: challengeText('hub', '2018') }),
    refuses: ['HttpMalformed'],
    refusal: isFault,
    run: async (input: Uint8Array) => authenticate(`bearer v1:${await signToken(parseJson(input, 'it') as object, signer)}`, gate),
    laws: ({ signer: who, scopes }) => need(who === address && scopes.length <= 8, 'somebody else is let in'),
  }),
  parser({
    name: 'hubHeader',
    file: 'hub/authentication.ts',
    form: 'text',
    seeds: () => texts(madeToken.text),
    words: ['bearer ', 'bearer v1:', ':', toBase64(fromUtf8('{"publickey":"02","signature":{"toString":1}}'))],
    refuses: [],
    refusal: isFault,
    run: (input: Uint8Array) => authenticate(toUtf8(input), gate),
    laws: (_, input) => need(signedPart(toUtf8(input)) === signedPart(madeToken.text), 'a token that nobody signed'),
  }),
  parser({
    name: 'hubScopes',
    file: 'hub/scope.ts',
    form: 'json',
    seeds: () => jsons([], [{ scope: 'putFilePrefix', domain: 'a/' }]),
    refuses: ['HttpMalformed'],
    run: (input: Uint8Array) => parseScopes(parseJson(input, 'it')),
  }),
  parser({
    name: 'hubPath',
    file: 'hub/request.ts',
    form: 'text',
    seeds: () => texts('a%20b/c/', 'a'),
    words: ['%', '%2f', '%00', '%c0%80', '/'],
    refuses: [],
    run: (input: Uint8Array) => decodePath(toUtf8(input)),
  }),
];

/** What the signature covers: the last bits of its own text are nobody's. */
const signedPart = (header: string): string => header.slice('bearer '.length, header.lastIndexOf('.'));
const madeToken = { text: '' };

export async function prepareServers(): Promise<void> {
  madeToken.text = `bearer v1:${await signToken(payload, signer)}`;
}

/** A node over the reference's chain, without zone files. */
const node = once(() => ({ ...ledgerOf(vector<ChainFile>('bns-v1/chain_all_epochs.json')).context, atlas }));
const atlas = {
  get: () => Promise.resolve(null),
  put: () => Promise.resolve(false),
  inventory: () => new Uint8Array(8),
  peers: () => [],
  meet: () => undefined,
  greet: () => undefined,
  wake: () => undefined,
  close: () => Promise.resolve(),
};
const calls = [
  encodeCall('ping', []),
  encodeCall('getinfo', []),
  encodeCall('get_consensus_at', [373_650]),
  encodeCall('get_consensus_hashes', [[373_650, 373_651]]),
];
const more = [
  encodeCall('get_blockstack_ops_at', [373_700, 0, 10]),
  encodeCall('get_blockstack_ops_hashes', [373_700, 20]),
  encodeCall('get_all_names', [0, 10]),
  encodeCall('get_name_record', ['a.id']),
];
const methods = [
  'get_name_blockchain_record',
  'get_names_in_namespace',
  'get_namespace_blockchain_record',
  'get_name_cost',
  'get_zonefile_inventory',
  'get_zonefiles',
  'put_zonefiles',
  'get_zonefiles_by_block',
];

const nodes: readonly Parser[] = [
  parser({
    name: 'nodeCall',
    file: 'node/rpc.ts',
    form: 'text',
    seeds: () => texts(...calls, ...more, ...methods.flatMap((name) => [encodeCall(name, ['id']), encodeCall(name, [0, 10])])),
    words: ['<value>', '<int>', '<string>', '-1', '99999999', 'id', 'a.id', '__proto__', 'toString'],
    refuses: [],
    run: (input: Uint8Array) => answerCall(node(), toUtf8(input), { loopback: false }),
    laws: (answer) => need(answer.includes('<fault>') || typeof JSON.parse(parseResponse(answer) as string) === 'object', 'an answer that is none'),
  }),
  parser({
    name: 'nodeRest',
    file: 'node/rest.ts',
    form: 'text',
    seeds: () =>
      texts(
        'GET /v1/ping',
        'GET /v1/names?page=0',
        'GET /v1/names/a.id',
        'GET /v1/namespaces',
        'GET /v1/namespaces/id/names?page=1',
        'GET /v1/info',
        'GET /v2/prices/names/a.id',
        'POST /v1/zonefile {"zonefile":"x"}',
      ),
    words: ['/v1/', '?page=', '%00', '//', 'blockchains/bitcoin/', 'consensus/', 'operations/', '373700', 'accounts/', '/history', '{"zonefile_b64":"AA=="}'],
    refuses: [],
    run: async (input: Uint8Array) => {
      const [, method = '', target = '', body = ''] = /^(\w*) (\S*) ?(.*)$/s.exec(toUtf8(input)) ?? [];
      // As the server takes its target: what is no path never gets here.
      const url = target.startsWith('/') && URL.canParse(`http://node${target}`) ? new URL(`http://node${target}`) : new URL('http://node/v1/ping');
      return answerRest(node(), { method, path: url.pathname, query: url.searchParams, body: fromUtf8(body) });
    },
    laws: (answer) => need(answer === null || (answer.status >= 200 && answer.status < 500), 'a status of its own making'),
  }),
];

const record = { name: 'a.id', op: ':', op_fee: 5, txid: 'ab'.repeat(32), vtxindex: 1 };
const namespace = {
  ready: true,
  address,
  reveal_block: 1,
  ready_block: 2,
  recipient_address: address,
  lifetime: 5,
  coeff: 1,
  base: 1,
  buckets: '[6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]',
  nonalpha_discount: 1,
  no_vowel_discount: 1,
  version: 1,
};

/** What an indexer told, past the adapter that made sure of its outer shape alone. */
const told: readonly Parser[] = [
  parser({
    name: 'toldOperations',
    file: 'names/bitcoin/snv.ts',
    form: 'json',
    seeds: () =>
      some(vector<{ cases: { fields: object; serialized: string }[] }>('bns-v1/op_serialize.json').cases, 5).flatMap(({ fields }) => jsons([fields])),
    refuses: ['HttpMalformed', 'Malformed', 'OperationDuplicate', 'OperationsMismatch'],
    run: async (input: Uint8Array) => {
      const list = parseJson(input, 'it');
      const operations = (Array.isArray(list) ? list : [list]).filter((each): each is Record<string, unknown> => typeof each === 'object' && each !== null);
      const indexer = { operator: 'x', operations: () => Promise.resolve(operations) } as unknown as Indexer;
      // Whatever they hash to is what was asked for.
      const hashOf = (error: unknown): string => {
        const [, hash] = / hash to ([0-9a-f]{64}),/.exec(error instanceof Error ? error.message : '') ?? [];
        if (hash === undefined) throw error;
        return hash;
      };
      return findOperations(indexer, 5, await findOperations(indexer, 5, '').then(() => '', hashOf));
    },
  }),
  parser({
    name: 'toldRecord',
    file: 'names/bitcoin/nameClaim.ts',
    form: 'json',
    seeds: () => jsons(record),
    refuses: ['HttpMalformed', 'RecordMismatch'],
    run: (input: Uint8Array) => {
      const stated = parseJson(input, 'it');
      if (typeof stated === 'object' && stated !== null) verifyStated({ stated: stated as Record<string, unknown>, height: 5, present: true }, record);
    },
  }),
  parser({
    name: 'toldNamespace',
    file: 'names/bitcoin/standing.ts',
    form: 'json',
    seeds: () => jsons(namespace),
    refuses: ['HttpMalformed', 'AddressInvalid'],
    run: (input: Uint8Array) => {
      const value = parseJson(input, 'it');
      const held = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
      const indexer = { operator: 'x', namespaceRecord: () => Promise.resolve(held) } as unknown as Indexer;
      return findNamespace({ indexer } as Parameters<typeof findNamespace>[0], 'id', {});
    },
  }),
];

const credentials = { user: 'u', password: 'p' };
const authorization = `Basic ${toBase64(fromUtf8('u:p'))}`;

const devnet: readonly Parser[] = [
  parser({
    name: 'devnetCall',
    file: 'devnet/bitcoin/rpcServer.ts',
    form: 'json',
    seeds: () => jsons({ jsonrpc: '2.0', id: 1, method: 'echo', params: [1] }, [{ id: 'x', method: 'echo', params: [] }], { method: 'none' }),
    most: 50_000,
    refuses: [],
    run: (input: Uint8Array) =>
      answerRpc((method, params) => (method === 'echo' ? Promise.resolve(params) : Promise.reject(new RpcError(-1, 'no'))), credentials, {
        method: 'POST',
        path: '/',
        query: new URLSearchParams(),
        body: input,
        authorization,
      }),
    laws: ({ status }) => need([200, 400, 404, 500].includes(status), 'a status of its own making'),
  }),
  parser({
    name: 'devnetTransaction',
    file: 'devnet/bitcoin/tx.ts',
    seeds: transactions,
    run: parseTx,
    laws: ({ size, weight, strippedSize }) => need(weight === 3 * strippedSize + size, 'another weight'),
  }),
  parser({ name: 'devnetBlock', file: 'devnet/bitcoin/tx.ts', seeds: smallBlocks, run: parseBlock }),
  parser({
    name: 'devnetScript',
    file: 'devnet/bitcoin/interpreter.ts',
    // Half of the input unlocks what the other half locks.
    seeds: () => ['5151', '515187', '0151018751', '5253935587'].map(fromHex),
    words: Array.from({ length: 0xba - 0x4f }, (_, at) => Uint8Array.of(0x4f + at)),
    most: 600,
    refuses: [],
    refusal: (error) => error instanceof ScriptFailure,
    run: (input: Uint8Array) => {
      const half = input.length >> 1;
      const transaction = {
        version: 2,
        inputs: [{ txid: 'ab'.repeat(32), vout: 0, script: input.slice(0, half), sequence: 0xffffffff, witness: [] }],
        outputs: [{ value: 1n, script: fromHex('51') }],
        lockTime: 0,
      };
      verifyInput({ signing: { transaction, index: 0, value: 1n }, standard: false }, input.slice(half));
    },
  }),
];

export const serverParsers: readonly Parser[] = [...hub, ...nodes, ...told, ...devnet];
