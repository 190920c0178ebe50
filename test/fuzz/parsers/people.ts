import { addressOf } from '../../../src/lib/address.js';
import { fromBase64, fromHex, fromUtf8, toHex, toUtf8 } from '../../../src/lib/bytes.js';
import { isNamesteadError } from '../../../src/lib/errors.js';
import { parseJson } from '../../../src/lib/http.js';
import { keyAgreementOf, parsePrivateKey, publicKeyOf, signerOf } from '../../../src/lib/key.js';
import { signToken } from '../../../src/lib/token.js';
import { makeAuthRequest, verifyAuthRequest } from '../../../src/auth/request.js';
import { makeAuthResponse, openAuthResponse } from '../../../src/auth/response.js';
import { formatSession, parseSession } from '../../../src/auth/session.js';
import { takeParameter } from '../../../src/auth/transport.js';
import { isAtLeast } from '../../../src/auth/version.js';
import { addressOfDid, formatNameDid, parseNameDid } from '../../../src/profiles/did.js';
import { ownerHash } from '../../../src/profiles/owner.js';
import {
  accountsOf,
  addressLineOf,
  appUrlOf,
  avatarUrlOf,
  birthDateOf,
  connectionsOf,
  descriptionOf,
  familyNameOf,
  givenNameOf,
  nameOf,
  organizationsOf,
  personOfLegacy,
  type Claim,
} from '../../../src/profiles/person.js';
import { openProfile, signProfile } from '../../../src/profiles/profile.js';
import { decrypted, encrypted } from '../../../src/storage/encrypted.js';
import { enveloped, envelopedBy } from '../../../src/storage/enveloped.js';
import { memory } from '../../../src/storage/adapters/memory.js';
import { gaia } from '../../../src/storage/adapters/gaia.js';
import { parseContent, parseSignature } from '../../../src/storage/content.js';
import { encodePath, parsePath } from '../../../src/storage/path.js';
import type { Reader } from '../../../src/storage/store.js';
import { formatXprv, parseXprv } from '../../../src/wallet/hd.js';
import { openWords } from '../../../src/wallet/backup.js';
import { entropyOfWords, wordsOfEntropy } from '../../../src/wallet/mnemonic.js';
import { CUT } from '../mutate.js';
import { parser, type Parser } from '../parser.js';
import { canonical, jsons, need, ofText, settled, some, texts, vector } from '../samples.js';

const key = parsePrivateKey('94f3716956eb1009bc08602391df256ee8e99e824c902767319522c78ffa373f');
const signer = signerOf(key);
const address = addressOf(publicKeyOf(key));
const clock = { now: () => 1_610_712_000_000, sleep: () => Promise.resolve() };
const agreement = keyAgreementOf(key);

/** Made beforehand: signing takes a promise. */
const made = { request: '', response: '', profile: '', payload: '', files: [] as Uint8Array[] };

export async function preparePeople(): Promise<void> {
  made.request = await makeAuthRequest({ domain: 'https://a.example', id: 'x' }, signer, { clock });
  made.response = await makeAuthResponse(
    agreement.publicKey,
    { appKey: key, username: 'a.id', profile: { a: 1 }, hubUrl: 'https://hub.example', id: 'x' },
    signer,
    { clock },
  );
  made.profile = await signProfile({ '@type': 'Person', apps: { 'https://a.example': 'https://b.example/' } }, signer, { clock, id: 'x' });
  made.payload = toUtf8(fromBase64(made.request.split('.')[1] ?? ''));
  const store = memory();
  await encrypted(enveloped(store, signer), agreement).put('a', fromUtf8('text'), { contentType: 'text/plain' });
  await encrypted(store, agreement).put('b', fromUtf8('bytes'));
  made.files = (await Promise.all(['a', 'b'].map(async (path) => (await store.get(path))?.body ?? new Uint8Array()))).filter(({ length }) => length > 0);
}

const issuedCodes = ['TokenInvalid', 'TokenExpired', 'HttpMalformed'] as const;

const auth: readonly Parser[] = [
  parser({
    name: 'authRequest',
    file: 'auth/request.ts',
    form: 'text',
    seeds: () => texts(made.request),
    words: ['.'],
    refuses: [...issuedCodes, 'RequestInvalid'],
    run: (input: Uint8Array) => verifyAuthRequest(toUtf8(input), { clock }),
    laws: (_, input) => need(made.request.startsWith(toUtf8(input).slice(0, toUtf8(input).lastIndexOf('.') + 1)), 'a request that nobody signed'),
  }),
  parser({
    name: 'signedAuthRequest',
    file: 'auth/request.ts',
    form: 'json',
    cases: 1500,
    seeds: () => texts(made.payload),
    words: ['did:btc-addr:', 'https://', '//', '@', '"public_keys"'],
    refuses: [...issuedCodes, 'RequestInvalid'],
    run: async (input: Uint8Array) => verifyAuthRequest(await signToken(parseJson(input, 'it') as object, signer), { clock }),
    laws: ({ domain, redirectUri, manifestUri }) =>
      need(
        [redirectUri, manifestUri].every((url) => new URL(url).origin === new URL(domain).origin),
        'an answer to another origin',
      ),
  }),
  parser({
    name: 'signedAuthResponse',
    file: 'auth/response.ts',
    form: 'json',
    cases: 1500,
    seeds: () => [fromBase64(made.response.split('.')[1] ?? '')],
    words: ['did:btc-addr:', '"version"', '"1.1.0"', toHex(fromUtf8('{'))],
    refuses: [...issuedCodes, 'ResponseInvalid', 'ResponseUnbound', 'NameNotOwned', 'CipherInvalid', 'TooLarge'],
    secrets: [toHex(key)],
    run: async (input: Uint8Array) =>
      openAuthResponse(await signToken(parseJson(input, 'it') as object, signer), agreement, {
        clock,
        ownerOf: (name) => Promise.resolve(name === 'a.id' ? address : null),
      }),
    laws: ({ username, appKey, walletSaltKey, hubUrl }) =>
      need(
        (username === null || username === 'a.id') && appKey().length === 32 && (walletSaltKey()?.length ?? 32) === 32 && /^https?:\/\/\S+$/i.test(hubUrl),
        'somebody else signed in',
      ),
  }),
  parser({
    name: 'session',
    file: 'auth/session.ts',
    form: 'json',
    secrets: [toHex(key)],
    seeds: () => [
      ...texts(formatSession({ kind: 'pending', transitKey: toHex(key), domain: 'https://a.example' }), formatSession({ kind: 'out' })),
      ...jsons({
        version: '1.0.0',
        userData: { username: 'a.id', identityAddress: address, hubUrl: 'https://h.example', appPrivateKey: toHex(key), profile: { a: 1 } },
        etags: {},
      }),
    ],
    run: (input: Uint8Array) => parseSession(toUtf8(input)),
    laws: settled((state) => fromUtf8(formatSession(state)), ofText(parseSession)),
  }),
  parser({
    name: 'signInUrl',
    file: 'auth/transport.ts',
    form: 'text',
    seeds: () => texts(`https://a.example/?authResponse=${'x'.repeat(20)}&b=1#c`, 'https://a.example/'),
    words: ['authResponse=', '?', '&', '#', '%', '%00', '+', '@', '//', '\\'],
    // The URL is the page's own: the caller's.
    refusal: (error) => error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_URL',
    run: (input: Uint8Array) => takeParameter(toUtf8(input), 'authResponse'),
    laws: (found) => need(found === null || !new URL(found.rest).searchParams.has('authResponse'), 'the token stays in the URL'),
  }),
  parser({
    name: 'version',
    file: 'auth/version.ts',
    form: 'text',
    seeds: () => texts('1.3.1', '2', '1.0.0.0'),
    words: ['.', '..', '1e3'],
    refuses: [],
    run: (input: Uint8Array) => isAtLeast(toUtf8(input), '1.2.0'),
    laws: (holds, input) => need(!holds || /^[\d.]+$/.test(toUtf8(input)), 'a version that is no number'),
  }),
];

const profiles: readonly Parser[] = [
  parser({
    name: 'profile',
    file: 'profiles/profile.ts',
    form: 'json',
    seeds: () => texts(made.profile),
    refuses: ['TokenInvalid', 'ProfileMismatch', 'TooLarge'],
    run: (input: Uint8Array) => openProfile(input, address, { clock }),
    laws: ({ token }) => need(made.profile.includes(token), 'a profile that nobody signed'),
  }),
  parser({
    name: 'person',
    file: 'profiles/person.ts',
    form: 'json',
    seeds: () =>
      jsons(
        ...some(vector<{ cases: { profile?: unknown }[] }>('atlas/person.json').cases, 20).flatMap(({ profile }) => (profile === undefined ? [] : [profile])),
      ),
    refuses: ['HttpMalformed'],
    run: (input: Uint8Array) => {
      const claim = parseJson(input, 'it');
      if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) return null;
      const person = claim as Claim;
      const texts = [nameOf, givenNameOf, familyNameOf, descriptionOf, avatarUrlOf, addressLineOf, birthDateOf].map((read) => read(person));
      return {
        texts: [...texts, appUrlOf(person, 'https://a.example')],
        lists: [connectionsOf, organizationsOf, accountsOf].map((read) => read(person)),
        legacy: personOfLegacy(person),
      };
    },
    laws: (read) => need(read?.texts.every((text) => text === null || typeof text === 'string') ?? true, 'a text that is none'),
  }),
  parser({
    name: 'nameDid',
    file: 'profiles/did.ts',
    form: 'text',
    seeds: () => texts('did:stack:v0:1dARRtzHPAFRNE7Yup2Md9w18XEQAtLiV-0', formatNameDid({ kind: 'subdomain', address, index: 7 })),
    words: ['did:', ':', '-', '-0', '-00'],
    refuses: ['Malformed', 'AddressInvalid'],
    run: (input: Uint8Array) => parseNameDid(toUtf8(input)),
    laws: (did, input) =>
      need(formatNameDid(did) === toUtf8(input) || /^did:stack:v0:[mn2]|^did:stack:v0:[tA-Za-z]/.test(toUtf8(input)), 'its name is written in another way'),
  }),
  parser({
    name: 'tokenDid',
    file: 'profiles/did.ts',
    form: 'text',
    seeds: () => texts(`did:btc-addr:${address}`, 'did:ecdsa-pub:02ab', 'DID:BTC-ADDR:x'),
    words: [':', 'did:'],
    run: (input: Uint8Array) => addressOfDid(toUtf8(input)),
  }),
  parser({
    name: 'owner',
    file: 'profiles/owner.ts',
    form: 'text',
    seeds: () => texts(address, 'SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7', toHex(publicKeyOf(key))),
    refuses: ['AddressInvalid', 'ProfileUnverifiable', 'KeyInvalid'],
    run: (input: Uint8Array) => ownerHash(toUtf8(input)),
    laws: (hash) => need(hash.length === 20, 'a hash of another length'),
  }),
];

/** A reader whose every file is the input, its parts in turn. */
function readerOf(input: Uint8Array): Reader {
  return { get: () => Promise.resolve({ body: input, contentType: 'text/plain', etag: 'x' }), head: () => Promise.resolve(null) };
}

const storageCodes = ['SignatureInvalid', 'SignatureMissingFile', 'SignerMismatch', 'CipherInvalid', 'CipherMismatch', 'TooLarge', 'Malformed'] as const;
const hubInfo = {
  challenge_text: '["gaiahub","0","h","blockstack_storage_please_sign"]',
  latest_auth_version: 'v1',
  max_file_upload_size_megabytes: 20,
  read_url_prefix: 'https://r.example/',
};

const storage: readonly Parser[] = [
  parser({
    name: 'path',
    file: 'storage/path.ts',
    form: 'text',
    seeds: () => texts('notes/1.json', 'a b/ü', '.hidden'),
    words: ['/', '..', './', '%2e%2e', '\\'],
    refuses: ['PathInvalid'],
    run: (input: Uint8Array) => parsePath(toUtf8(input)),
    laws: (path) =>
      need(
        new URL(encodePath(path), 'https://a.example/b/').pathname.startsWith('/b/') && decodeURIComponent(encodePath(path)) === path,
        'it leads out of its bucket',
      ),
  }),
  parser({
    name: 'content',
    file: 'storage/content.ts',
    form: 'json',
    seeds: () => [...made.files, ...jsons({ signature: 'ab', publicKey: 'cd' }), ...texts('plain')],
    refuses: ['SignatureInvalid'],
    run: (input: Uint8Array) => ({ content: parseContent(input), signature: parseContent(input).kind === 'enveloped' ? parseSignature(input, 'a') : null }),
  }),
  parser({
    name: 'sealedFile',
    file: 'storage/enveloped.ts',
    form: 'json',
    cases: 10_000,
    seeds: () => made.files.slice(0, 1),
    refuses: storageCodes,
    run: (input: Uint8Array) => decrypted(envelopedBy(readerOf(input), signer.publicKey), agreement).get('a'),
    laws: (file) => need(file !== null && toUtf8(file.body) === 'text', 'a file that the author did not write'),
  }),
  parser({
    name: 'gaia',
    file: 'storage/adapters/gaia.ts',
    form: 'script',
    cases: 4000,
    seeds: () => [
      ...texts([`0${JSON.stringify(hubInfo)}`, `0${JSON.stringify({ publicURL: 'https://r.example/x', etag: 'e' })}`].join(CUT)),
      ...texts(
        [`0${JSON.stringify(hubInfo)}`, `0${JSON.stringify({ entries: ['a', 'b', null], page: 'x' })}`, `0${JSON.stringify({ entries: [], page: null })}`].join(
          CUT,
        ),
      ),
      ...texts([`0${JSON.stringify(hubInfo)}`, `6${JSON.stringify({ message: 'token issued after 1610712100', error: 'x' })}`].join(CUT)),
    ],
    words: ['https://u:p@a.example/', 'file:///', '"v0"', '"v99"', '-1', 'issued after 99999999999'],
    refuses: [],
    run: async (input: Uint8Array) => {
      const parts = toUtf8(input).split(CUT);
      const ask = (): ReturnType<typeof gaia> => {
        let at = 0;
        return gaia({
          hub: 'https://h.example',
          signer: { publicKey: signer.publicKey, sign: () => Promise.resolve(new Uint8Array(64).fill(1)) },
          clock,
          http: () => {
            const part = parts[at++ % parts.length] ?? '';
            const status = [200, 202, 404, 500, 402, 429, 401, 204, 412, 409][part.charCodeAt(0) - 48] ?? 200;
            return Promise.resolve({
              status,
              headers: new Headers({ etag: '"e"', 'content-length': part.slice(1, 6).replace(/[^ -~]/g, '') }),
              body: fromUtf8(part.slice(1)),
            });
          },
        });
      };
      const list = async (): Promise<string[]> => {
        const names: string[] = [];
        for await (const name of ask().list()) if (names.push(name) > 50) break;
        return names;
      };
      for (const act of [
        list,
        () => ask().get('a'),
        () => ask().head('a'),
        () => ask().put('a', new Uint8Array(3)),
        () => ask().remove('a'),
        () => ask().bucket(),
        () => ask().revokeTokens(),
      ]) {
        await act().catch((error: unknown) => {
          if (!isNamesteadError(error)) throw error;
        });
      }
    },
  }),
];

const xprv = 'xprv9s21ZrQH143K3GJpoapnV8SFfukcVBSfeCficPSGfubmSFDxo1kuHnLisriDvSnRRuL2Qrg5ggqHKNVpxR86QEC8w35uxmGoggxtQTPvfUu';
const words = 'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about';

const wallet: readonly Parser[] = [
  parser({
    name: 'xprv',
    file: 'wallet/hd.ts',
    form: 'text',
    secrets: [xprv],
    seeds: () => texts(xprv),
    refuses: ['KeyInvalid', 'AddressInvalid'],
    run: (input: Uint8Array) => formatXprv(parseXprv(toUtf8(input))),
    laws: canonical(fromUtf8),
  }),
  parser({
    name: 'words',
    file: 'wallet/mnemonic.ts',
    form: 'text',
    secrets: [words],
    seeds: () => texts(words, wordsOfEntropy(fromHex('7f'.repeat(32)))),
    words: [' ', ' about', ' zoo', 'abandon '],
    refuses: ['MnemonicInvalid'],
    run: (input: Uint8Array) => entropyOfWords(toUtf8(input)),
    laws: canonical((entropy) => fromUtf8(wordsOfEntropy(entropy))),
  }),
  parser({
    name: 'backup',
    file: 'wallet/backup.ts',
    // A password is made into keys a hundred thousand times over; only what has the shape of a backup gets there.
    cases: 60,
    form: 'text',
    seeds: () => texts(vector<{ cases: { encryptedHex: string }[] }>('auth-gaia/encrypted-mnemonic.json').cases[0]?.encryptedHex ?? ''),
    secrets: [words],
    refuses: ['PasswordWrong', 'CipherInvalid'],
    run: (input: Uint8Array) => openWords(toUtf8(input), 'password'),
    laws: (text) => need(text === words, 'another backup opens'),
  }),
];

export const peopleParsers: readonly Parser[] = [...auth, ...profiles, ...storage, ...wallet];
