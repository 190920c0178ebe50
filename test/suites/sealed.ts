import assert from 'node:assert/strict';
import { fromHex, fromUtf8, toHex } from '../../src/lib/bytes.js';
import { isCipherObject, open, seal } from '../../src/lib/ecies.js';
import { sha512 } from '../../src/lib/hash.js';
import { keyAgreementOf, parsePrivateKey, parsePublicKey, publicKeyOf, signerOf } from '../../src/lib/key.js';
import type { PublicKey } from '../../src/lib/key.js';
import { signContent, verifyContent } from '../../src/lib/signature.js';
import { parseToken, signToken } from '../../src/lib/token.js';
import { verifyToken } from '../../src/lib/tokenVerifier.js';
import { parseVectors } from './suite.js';
import type { Case, Suite } from './suite.js';

/** A plaintext as the files write it: text or hex. */
interface Plain {
  readonly string?: string;
  readonly hex?: string;
  readonly utf8Hex?: string;
}

type Expectation = 'accept' | 'refuse' | 'either';

const agreement = (key: string) => keyAgreementOf(parsePrivateKey(key));
const bytesOf = (content: Uint8Array | string): Uint8Array => (typeof content === 'string' ? fromUtf8(content) : content);
const plainHex = (plain: Plain): string => plain.hex ?? plain.utf8Hex ?? toHex(fromUtf8(plain.string ?? ''));

async function refuses(work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => error instanceof Error && error.name === 'NamesteadError');
}

interface EciesCase {
  readonly name: string;
  readonly peer: string;
  readonly encoding: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly plaintext: Plain & { readonly type: 'string' | 'bytes' };
  readonly cipherJSON: string;
}

const ecies: Suite = (file) =>
  parseVectors<{ cases: readonly EciesCase[] }>(file).cases.map((vector): Case => ({
    title: `${vector.name}, ${vector.peer}, ${vector.encoding}`,
    check: async () => {
      const opened = await open(JSON.parse(vector.cipherJSON), agreement(vector.privateKey));
      assert.equal(typeof opened === 'string' ? 'string' : 'bytes', vector.plaintext.type);
      assert.equal(toHex(bytesOf(opened)), plainHex(vector.plaintext));
      const encoding = vector.encoding === 'base64' ? 'base64' : 'hex';
      const sealed = await seal(opened, parsePublicKey(vector.publicKey), { encoding });
      assert.deepEqual(Object.keys(sealed), Object.keys(JSON.parse(vector.cipherJSON) as object));
      assert.equal(JSON.stringify(sealed).length, vector.cipherJSON.length);
      assert.deepEqual(await open(sealed, agreement(vector.privateKey)), opened);
    },
  }));

interface KnownAnswer {
  readonly recipientPrivateKey: string;
  readonly recipientPublicKey: string;
  readonly ephemeralPrivateKey: string;
  readonly ivHex: string;
  readonly plaintextHex: string;
  readonly sharedX: string;
  readonly encryptionKey: string;
  readonly hmacKey: string;
  readonly expected: string;
}

interface LeadingZero {
  readonly leadingZeroBytes: number;
  readonly privateKey: string;
  readonly ephemeralPrivateKey: string;
  readonly sharedX: string;
  readonly sha512: string;
  readonly cipherJSON: string;
  readonly plaintext: string;
}

const knownAnswers: Suite = (file) => {
  const { cases = [], leadingZeroSharedX = [] } = parseVectors<{ cases?: readonly KnownAnswer[]; leadingZeroSharedX?: readonly LeadingZero[] }>(file);
  return [
    ...cases.map((vector, i): Case => ({
      title: `known answer ${i}`,
      check: async () => {
        const recipient = agreement(vector.recipientPrivateKey);
        const ephemeral = agreement(vector.ephemeralPrivateKey);
        const shared = await ephemeral.agree(recipient.publicKey);
        assert.equal(toHex(recipient.publicKey), vector.recipientPublicKey);
        assert.equal(toHex(shared), vector.sharedX);
        assert.equal(toHex(sha512(shared)), vector.encryptionKey + vector.hmacKey);
        const wanted = JSON.parse(vector.expected) as { wasString: boolean; cipherTextEncoding?: 'base64' };
        const options = { ephemeral, iv: fromHex(vector.ivHex), wasString: wanted.wasString, encoding: wanted.cipherTextEncoding ?? 'hex' } as const;
        assert.equal(JSON.stringify(await seal(fromHex(vector.plaintextHex), recipient.publicKey, options)), vector.expected);
        assert.equal(toHex(bytesOf(await open(wanted, recipient))), vector.plaintextHex);
      },
    })),
    ...leadingZeroSharedX.map((vector, i): Case => ({
      title: `shared x with ${vector.leadingZeroBytes} leading zero bytes, ${i}`,
      check: async () => {
        const shared = await agreement(vector.privateKey).agree(agreement(vector.ephemeralPrivateKey).publicKey);
        assert.equal(toHex(shared), vector.sharedX);
        assert.equal(toHex(sha512(shared)), vector.sha512);
        assert.equal(toHex(bytesOf(await open(JSON.parse(vector.cipherJSON), agreement(vector.privateKey)))), toHex(fromUtf8(vector.plaintext)));
      },
    })),
  ];
};

interface PeerResult {
  readonly ok?: { readonly string?: string; readonly hex?: string };
  readonly error?: string;
}

interface Rejection {
  readonly name: string;
  readonly privateKey: string;
  readonly cipherJSON: string;
  readonly results: Readonly<Record<string, PeerResult>>;
  readonly expect?: Expectation;
}

const rejections: Suite = (file) => {
  const { cases = [], encryptToBadKey = [] } = parseVectors<{ cases?: readonly Rejection[]; encryptToBadKey?: readonly BadKey[] }>(file);
  return [
    ...cases.map((vector): Case => ({
      title: vector.name,
      check: async () => {
        const work = () => Promise.resolve().then(() => open(JSON.parse(vector.cipherJSON), agreement(vector.privateKey)));
        const opened = Object.values(vector.results).find((result) => result.ok !== undefined)?.ok;
        if (vector.expect === 'either') return;
        if ((vector.expect ?? (opened ? 'accept' : 'refuse')) === 'refuse') return refuses(work);
        const content = await work();
        if (opened) assert.deepEqual(typeof content === 'string' ? { string: content } : { hex: toHex(content) }, opened);
      },
    })),
    ...encryptToBadKey.map((vector): Case => ({
      title: `sealing to a key: ${vector.name}`,
      check: async () => {
        const work = () => Promise.resolve().then(() => seal('x', fromHex(vector.publicKey) as PublicKey));
        const accepted = Object.values(vector.results).every((result) => result.ok !== undefined);
        if (vector.expect === 'either') return;
        if ((vector.expect ?? (accepted ? 'accept' : 'refuse')) === 'refuse') return refuses(work);
        assert.ok(isCipherObject(await work()));
      },
    })),
  ];
};

interface BadKey {
  readonly name: string;
  readonly publicKey: string;
  readonly results: Readonly<Record<string, { readonly ok?: unknown; readonly error?: string }>>;
  readonly expect?: Expectation;
}

interface JwtCase {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly payloadJSON: string;
  readonly [peer: string]: unknown;
}

const jwt: Suite = (file) =>
  parseVectors<{ cases: readonly JwtCase[] }>(file).cases.map((vector, i): Case => ({
    title: `token ${i}`,
    check: async () => {
      const key = parsePrivateKey(vector.privateKey);
      assert.equal(toHex(publicKeyOf(key)), vector.publicKey);
      const own = await signToken(JSON.parse(vector.payloadJSON) as object, signerOf(key));
      const tokens = Object.values(vector).filter(
        (value): value is string => typeof value === 'string' && value.split('.').length === 3 && value.startsWith('eyJ'),
      );
      assert.ok(tokens.length > 0);
      for (const token of tokens) {
        assert.equal(own, token);
        assert.ok(verifyToken(token, publicKeyOf(key)));
        assert.equal(JSON.stringify(parseToken(token).payload), vector.payloadJSON);
      }
    },
  }));

interface ContentCase {
  readonly privateKey: string;
  readonly content: Plain;
  readonly [peer: string]: unknown;
}

interface SignedCiphertext {
  readonly peer: string;
  readonly encoding: string;
  readonly signed: boolean;
  readonly appPrivateKey: string;
  readonly plaintext: Plain;
  readonly stored: string;
}

interface Signed {
  readonly signature: string;
  readonly publicKey: string;
}

const isSigned = (value: unknown): value is Signed => typeof value === 'object' && value !== null && 'signature' in value && 'publicKey' in value;

const signedContent: Suite = (file) => {
  const { cases = [], signedCiphertexts = [] } = parseVectors<{ cases?: readonly ContentCase[]; signedCiphertexts?: readonly SignedCiphertext[] }>(file);
  return [
    ...cases.map((vector, i): Case => ({
      title: `signed content ${i}`,
      check: async () => {
        const content = fromHex(plainHex(vector.content));
        const key = parsePrivateKey(vector.privateKey);
        const peers = Object.values(vector).filter(isSigned);
        for (const { signature, publicKey } of peers) {
          assert.ok(verifyContent(content, signature, parsePublicKey(publicKey)));
          assert.equal(publicKey, toHex(publicKeyOf(key)));
        }
        const own = await signContent(content, signerOf(key));
        assert.ok(peers.length === 0 || peers.some(({ signature }) => signature === own), 'no peer makes this signature');
      },
    })),
    ...signedCiphertexts.map((vector, i): Case => ({
      title: `stored file ${i}, ${vector.peer}, ${vector.encoding}`,
      check: async () => {
        const stored = JSON.parse(vector.stored) as Signed & { cipherText: string };
        if (vector.signed) assert.ok(verifyContent(fromUtf8(stored.cipherText), stored.signature, parsePublicKey(stored.publicKey)));
        const opened = await open(vector.signed ? JSON.parse(stored.cipherText) : stored, agreement(vector.appPrivateKey));
        assert.equal(typeof opened === 'string', vector.plaintext.string !== undefined);
        assert.equal(toHex(bytesOf(opened)), plainHex(vector.plaintext));
      },
    })),
  ];
};

export const sealedSuites: Readonly<Record<string, Suite>> = {
  'auth-gaia/ecies.json': ecies,
  'auth-gaia/ecies-kat.json': knownAnswers,
  'auth-gaia/ecies-rejections.json': rejections,
  'auth-gaia/jwt-es256k.json': jwt,
  'auth-gaia/signed-content.json': signedContent,
};
