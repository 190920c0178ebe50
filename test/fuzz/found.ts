import { fromUtf8 } from '../../src/lib/bytes.js';
import { CUT } from './mutate.js';

interface Found {
  readonly parser: string;
  /** What was wrong with it, and is no more. */
  readonly was: string;
  readonly input: Uint8Array;
}

const genesis = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206';
const deep = `${'['.repeat(1000)}0${']'.repeat(1000)}`;

/** Inputs that broke a law once; the tests judge each of them again. */
export const found: readonly Found[] = [
  one(
    'electrum',
    'a version that is an object, whose toString is not a function, threw a TypeError',
    '\0',
    '0["x",{"toString":1}]',
    `0{"genesis_hash":"${genesis}"}`,
  ),
  one('core', 'a code that is such an object threw a TypeError', '\x01', '0{"result":null,"error":{"code":{"toString":1,"valueOf":1},"message":"x"}}'),
  one(
    'core',
    'an amount that is such an object threw a TypeError',
    '\x04',
    '0{"result":{"unspents":[{"txid":"00","vout":0,"amount":{"toString":1},"height":1}]}}',
  ),
  one('core', 'a lowest fee without end was a fee', '\x05', '0{"result":{}}', '0{"result":{"mempoolminfee":1e999}}'),
  one('peerEnvelope', 'an error that is such an object threw a TypeError', '{"error":{"toString":1}}'),
  one('peerNeighbours', 'a.4 passed for a host, which no URL takes', '{"peers":["a.4:80"]}'),
  one('legacyProfile', 'a profile nested a thousand deep was handed on to whoever walks it', `{"v":${deep}}`),
  one(
    'filterPosition',
    'a height of -0',
    `{"version":1,"height":-0,"hash":"${'ab'.repeat(32)}","filterHeader":"${'ab'.repeat(32)}","last":{"height":3,"txid":"${'ab'.repeat(32)}"}}`,
  ),
  one(
    'plan',
    'a height of -0',
    `{"version":2,"terms":{},"receipts":[{"operation":"","name":"","hash":null,"fee":"3","price":"0","txid":"${'ab'.repeat(32)}","height":-0}],"state":{"kind":"done"}}`,
  ),
  one('toldNamespace', 'buckets in a text that looks like JSON and is none threw a SyntaxError', `{"buckets":"[06${', 1'.repeat(15)}]"}`),
  one(
    'devnetCall',
    'an id nested a thousand deep overflowed the stack when it was told back',
    `{"id":${'['.repeat(20_000)}0${']'.repeat(20_000)},"method":"echo"}`,
  ),
];

function one(parser: string, was: string, ...parts: readonly string[]): Found {
  return { parser, was, input: fromUtf8(parts.join(CUT)) };
}
