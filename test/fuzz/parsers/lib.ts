import { decodeBase58, encodeBase58, formatAddress, parseAddress } from '../../../src/lib/address.js';
import { fromBase64, fromHex, fromUtf8, reader, toBase64, toHex, toUtf8, toUtf8Strict } from '../../../src/lib/bytes.js';
import { formatC32Address, parseC32Address } from '../../../src/lib/c32.js';
import { open, seal } from '../../../src/lib/ecies.js';
import { hash256 } from '../../../src/lib/hash.js';
import { parseJson, type Http } from '../../../src/lib/http.js';
import { parseBounded } from '../../../src/lib/json.js';
import { openSession, type Receiver } from '../../../src/lib/jsonrpc.js';
import { fromDer, keyAgreementOf, parsePrivateKey, parsePublicKey, toDer, uncompressed, type KeyAgreement } from '../../../src/lib/key.js';
import { verifyContent } from '../../../src/lib/signature.js';
import { parseToken, tokenDigest } from '../../../src/lib/token.js';
import { callJson, encodeCall, encodeFault, encodeResponse, parseCall, parseResponse, type XmlRpcValue } from '../../../src/lib/xmlrpc.js';
import { compactSize } from '../../../src/names/bitcoin/transaction.js';
import { parser, type Parser } from '../parser.js';
import { canonical, jsons, need, ofText, settled, settledIfWritten, some, texts, vector } from '../samples.js';

const privateKey = '94f3716956eb1009bc08602391df256ee8e99e824c902767319522c78ffa373f';
const publicKey = '0219f50f96ed3cebfe2a95585a8bb184324cc33ef5149380ec1f406a05f69c1307' as const;
const checkedKey = parsePublicKey(publicKey);
const signature = '30450220' + '12'.repeat(32) + '022100' + '9a'.repeat(32);

const numbers: readonly Parser[] = [
  parser({
    name: 'hex',
    file: 'lib/bytes.ts',
    form: 'text',
    seeds: () => texts('', '00', 'ff'.repeat(40), 'DeadBeef'),
    run: (input: Uint8Array) => fromHex(toUtf8(input)),
    laws: (value, input) => need(toHex(value) === toUtf8(input).toLowerCase(), 'its digits are not those that it read'),
  }),
  parser({
    name: 'base64',
    file: 'lib/bytes.ts',
    form: 'text',
    seeds: () => texts('', 'AA==', 'AAA=', 'AAAA', '-_+/', 'TWFuIGlzIGRpc3Rpbmd1aXNoZWQ'),
    words: ['=', '=='],
    run: (input: Uint8Array) => fromBase64(toUtf8(input)),
    laws: (value, input) => {
      settled(toBase64Bytes, ofText(fromBase64))(value);
      need(value.length === Math.floor((toUtf8(input).replace(/=+$/, '').length * 3) / 4), 'it has another length than its text');
    },
  }),
  parser({
    name: 'utf8',
    file: 'lib/bytes.ts',
    form: 'text',
    seeds: () => texts('', 'abc', '\ufeffñ', '\u{1f600}'),
    run: toUtf8Strict,
    laws: canonical(fromUtf8),
  }),
  parser({
    name: 'compactSize',
    file: 'lib/bytes.ts',
    seeds: () => [0, 1, 252, 253, 65_535, 65_536, 0x2000000].map(compactSize),
    run: (input: Uint8Array) => {
      const from = reader(input);
      const value = from.compactSize();
      from.end();
      return value;
    },
    laws: canonical(compactSize),
  }),
  parser({
    name: 'base58',
    file: 'lib/address.ts',
    form: 'text',
    seeds: () => texts('', '1', '1111111111111111111114oLvT2', '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy'),
    refuses: ['AddressInvalid'],
    run: (input: Uint8Array) => decodeBase58(toUtf8(input)),
    laws: canonical((bytes) => fromUtf8(encodeBase58(bytes))),
  }),
  parser({
    name: 'address',
    file: 'lib/address.ts',
    form: 'text',
    seeds: () => texts('1J8JNSi9KTNi1vHcYYceZLfsCNTS9UPoA6', '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy', 'mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn'),
    refuses: ['AddressInvalid'],
    run: (input: Uint8Array) => parseAddress(toUtf8(input)),
    laws: canonical(({ version, hash }) => fromUtf8(formatAddress(version, hash))),
    mend: (input) => {
      const body = input.subarray(0, 21);
      return fromUtf8(encodeBase58(Uint8Array.of(...body, ...hash256(body).subarray(0, 4))));
    },
  }),
  parser({
    name: 'c32',
    file: 'lib/c32.ts',
    form: 'text',
    seeds: () =>
      some(vector<{ addresses: { address: string }[] }>('stacks/c32.json').addresses, 20).flatMap(({ address }) => texts(address, address.toLowerCase())),
    words: ['O', 'l', 'I', 'S', 'P'],
    refuses: ['AddressInvalid'],
    run: (input: Uint8Array) => parseC32Address(toUtf8(input)),
    laws: (value, input) => {
      settled((address: typeof value) => fromUtf8(formatC32Address(address)), ofText(parseC32Address))(value);
      need(/^[0-9A-Za-z]+$/.test(toUtf8(input)), 'it takes letters of other scripts for its own');
    },
  }),
];

function toBase64Bytes(bytes: Uint8Array): Uint8Array {
  return fromUtf8(toBase64(bytes));
}

const documents: readonly Parser[] = [
  parser({
    name: 'json',
    file: 'lib/json.ts',
    form: 'json',
    seeds: () => jsons({ a: [1, 'x', null, { b: '\\"[' }] }, [[[]]], 'text'),
    refuses: [],
    refusal: (error) => error instanceof SyntaxError,
    run: (input: Uint8Array) => parseBounded(toUtf8(input)),
    laws: (value, input) => need(JSON.stringify(value) === JSON.stringify(JSON.parse(toUtf8(input))), 'it read another value than JSON.parse'),
  }),
  parser({
    name: 'httpJson',
    file: 'lib/http.ts',
    form: 'json',
    seeds: () => jsons({ a: 1 }, []),
    refuses: ['HttpMalformed'],
    run: (input: Uint8Array) => parseJson(input, 'a.example'),
  }),
  parser({
    name: 'xmlrpcCall',
    file: 'lib/xmlrpc.ts',
    form: 'text',
    seeds: () => [
      ...texts(encodeCall('ping', []), encodeCall('get', ['a', 1, true, null, 1.5, ['b'], { c: [{}] }])),
      ...vector<{ cases: { request_body?: string }[] }>('atlas/atlas-v1-rpc.json').cases.flatMap(({ request_body: body }) =>
        body === undefined ? [] : texts(body),
      ),
    ],
    words: xmlWords(),
    run: (input: Uint8Array) => parseCall(toUtf8(input)),
    laws: settledIfWritten(({ method, params }) => fromUtf8(encodeCall(method, params)), ofText(parseCall)),
  }),
  parser({
    name: 'xmlrpcResponse',
    file: 'lib/xmlrpc.ts',
    form: 'text',
    seeds: () => texts(encodeResponse({ a: [1, '<&>'], b: Uint8Array.of(1, 2) }), encodeResponse('{"status": true}'), encodeResponse([null, true, -1.25])),
    words: [...xmlWords(), encodeFault(1, 'no')],
    refuses: ['Malformed', 'ServerFailed'],
    run: (input: Uint8Array) => parseResponse(toUtf8(input)),
    laws: settledIfWritten((value: XmlRpcValue) => fromUtf8(encodeResponse(value)), ofText(parseResponse)),
  }),
  parser({
    name: 'xmlrpcText',
    file: 'lib/xmlrpc.ts',
    form: 'text',
    seeds: () => texts(encodeResponse('{"status": true, "a": [1.0]}'), encodeResponse('null')),
    words: [...xmlWords(), encodeFault(1, 'no')],
    refuses: ['HttpMalformed', 'ServerFailed'],
    run: (input: Uint8Array) => callJson(answering(input), 'http://a.example', 'ping', []),
    laws: (value, input) =>
      need(JSON.stringify(value) === JSON.stringify(JSON.parse(parseResponse(toUtf8(input)) as string)), 'the two readers of an answer differ'),
  }),
  parser({
    name: 'jsonRpcSession',
    file: 'lib/jsonrpc.ts',
    form: 'text',
    seeds: () => [
      ...texts('{"jsonrpc":"2.0","id":1,"result":[1]}\n{"jsonrpc":"2.0","id":2,"result":null}\n{"id":3,"error":{"code":1,"message":"no"}}'),
      ...texts('{"method":"news","params":[]}\n{"id":2,"error":"text"}\n{"id":1,"result":{}}'),
    ],
    words: ['\n', '"id":1', '"id":2', '"error":null', '"error":[]', '"error":{"toString":1}', '"method":"x"', '"result":', '{}', '[]', 'null'],
    refuses: [],
    run: converse,
    laws: (outcomes) =>
      need(
        outcomes.every((outcome) => outcome !== 'pending'),
        'a call waits for ever',
      ),
  }),
];

function xmlWords(): string[] {
  const tags = [
    'value',
    'array',
    'data',
    'struct',
    'member',
    'name',
    'string',
    'int',
    'i4',
    'i8',
    'double',
    'boolean',
    'base64',
    'nil',
    'params',
    'param',
    'fault',
  ];
  const rest = [
    '<nil/>',
    '<string/>',
    '<data/>',
    '&amp;',
    '&#0;',
    '&#xd800;',
    '&#x10ffff;',
    '&bad;',
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '<![CDATA[x]]>',
    '__proto__',
  ];
  return [...tags.flatMap((tag) => [`<${tag}>`, `</${tag}>`]), ...rest, '<value><array><data>', '<value><struct><member><name>a</name>', '1e308', '-0', '0x10'];
}

/** A server that answers everything alike. */
export function answering(body: Uint8Array, status = 200): Http {
  return () => Promise.resolve({ status, headers: new Headers(), body });
}

/** Three calls, then the server's messages line by line, then the end of the connection. */
async function converse(input: Uint8Array): Promise<string[]> {
  let told: Receiver | undefined;
  const deadline = (): AbortSignal => new AbortController().signal;
  const connect = (_: string, receiver: Receiver): Promise<{ send(): void; close(): void }> => {
    told = receiver;
    return Promise.resolve({ send: () => undefined, close: () => undefined });
  };
  const session = await openSession(connect, 'test:', { deadline });
  const outcomes = ['pending', 'pending', 'pending'];
  const calls = outcomes.map(async (_, at) => {
    try {
      outcomes[at] = `answer ${JSON.stringify(await session.call('echo', [at], { limit: 2000 }))}`;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'NamesteadError') throw error;
      outcomes[at] = `refused ${error.message}`;
    }
  });
  await Promise.resolve();
  for (const line of toUtf8(input).split('\n')) told?.message(line);
  session.close();
  await Promise.all(calls);
  return outcomes;
}

/** As a key that agrees on the same secret with everybody: what lies behind the agreement is what is tested. */
const agreeable: KeyAgreement = { publicKey: keyAgreementOf(parsePrivateKey(privateKey)).publicKey, agree: () => Promise.resolve(new Uint8Array(32).fill(7)) };
let sealed: readonly Uint8Array[] = [];

const keys: readonly Parser[] = [
  parser({
    name: 'privateKey',
    file: 'lib/key.ts',
    form: 'text',
    seeds: () => texts(privateKey, `${privateKey}01`),
    secrets: [privateKey],
    refuses: ['KeyInvalid', 'Malformed'],
    run: (input: Uint8Array) => parsePrivateKey(toUtf8(input)),
    laws: (key, input) => need(toUtf8(input).toLowerCase().startsWith(toHex(key)), 'it read another key'),
  }),
  parser({
    name: 'publicKey',
    file: 'lib/key.ts',
    form: 'text',
    seeds: () => texts(publicKey, toHex(uncompressed(parsePublicKey(publicKey)))),
    words: ['02', '03', '04', '06', '07', '00'],
    refuses: ['KeyInvalid', 'Malformed'],
    run: (input: Uint8Array) => parsePublicKey(toUtf8(input)),
    laws: (key, input) => need([toHex(key), toHex(uncompressed(key))].includes(toUtf8(input).toLowerCase()), 'it read another key'),
  }),
  parser({
    name: 'der',
    file: 'lib/key.ts',
    seeds: () => [fromHex(signature)],
    words: [Uint8Array.of(2, 32), Uint8Array.of(2, 33, 0)],
    run: fromDer,
    laws: canonical(toDer),
  }),
  parser({
    name: 'contentSignature',
    file: 'lib/signature.ts',
    form: 'text',
    seeds: () => texts(signature),
    refuses: [],
    run: (input: Uint8Array) => verifyContent(input, toUtf8(input), checkedKey),
    laws: (holds) => need(!holds, 'a signature of nobody holds'),
  }),
  parser({
    name: 'token',
    file: 'lib/token.ts',
    form: 'text',
    seeds: () => some(vector<{ cases: { token: string }[] }>('auth-gaia/auth-request.json').cases, 6).flatMap(({ token }) => texts(token)),
    words: ['.', '..', 'eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NksifQ', 'eyJhbGciOiJub25lIn0', 'e30', 'W10', 'bnVsbA'],
    refuses: ['TokenInvalid'],
    run: (input: Uint8Array) => parseToken(toUtf8(input)),
    laws: (token, input) =>
      need(token.text === toUtf8(input) && token.signature.length === 64 && tokenDigest(token).length === 32, 'it is not the token that was read'),
  }),
  parser({
    name: 'cipherObject',
    file: 'lib/ecies.ts',
    form: 'json',
    seeds: () => sealed,
    words: ['"cipherTextEncoding":"base64"', '"hex"'],
    refuses: ['HttpMalformed', 'CipherInvalid', 'CipherMismatch', 'TooLarge'],
    run: (input: Uint8Array) => open(parseJson(input, 'the file'), agreeable),
    laws: (value) => need(['the secret text', ''].includes(typeof value === 'string' ? value : toUtf8(value)), 'a cipher opens to what was not sealed'),
  }),
];

/** Sealing takes a promise, and the table none. */
export async function prepareLib(): Promise<void> {
  const texts = ['the secret text', '', fromUtf8('the secret text')];
  sealed = jsons(
    ...(await Promise.all(
      texts.flatMap((text) => (['hex', 'base64'] as const).map((encoding) => seal(text, agreeable.publicKey, { encoding, ephemeral: agreeable }))),
    )),
  );
}

export const libParsers: readonly Parser[] = [...numbers, ...documents, ...keys];
