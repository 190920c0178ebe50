import assert from 'node:assert/strict';
import { addressOf } from '../../src/lib/address.js';
import { fromHex, toBase64, toHex } from '../../src/lib/bytes.js';
import { formatC32Address } from '../../src/lib/c32.js';
import type { Hash160 } from '../../src/lib/address.js';
import { hash160, sha256 } from '../../src/lib/hash.js';
import { parsePrivateKey, publicKeyOf } from '../../src/lib/key.js';
import { isTriplesec, openWords, sealWords } from '../../src/wallet/backup.js';
import { derivePath, formatXprv, formatXpub, masterNode, parseXprv } from '../../src/wallet/hd.js';
import { entropyOfWords, seedOfWords, wordsOfEntropy } from '../../src/wallet/mnemonic.js';
import { appKeyOf, openWallet, saltOf } from '../../src/wallet/wallet.js';
import { parseVectors } from './suite.js';
import type { Case, Suite } from './suite.js';

interface AppVector {
  readonly domain: string;
  readonly legacyAppPrivateKey?: string;
  readonly appPrivateKey: string;
  readonly domainSaltSha256?: string;
  readonly gaiaAddress?: string;
}

interface WalletVector {
  readonly mnemonic: string;
  readonly entropyHex: string;
  readonly seedHex: string;
  readonly rootXprv: string;
  readonly identityKeychainXpub: string;
  readonly identityKeychainXprv: string;
  readonly identitySalt: string;
  readonly bitcoinKeychainXpub: string;
  readonly bitcoin: readonly { index: number; address: string; privateKey: string }[];
  readonly identities: readonly { index: number; key: string; keyID: string; address: string; appsNodeKey: string; salt: string; apps: readonly AppVector[] }[];
  readonly configPrivateKey: string;
  readonly legacyConfigPrivateKey: string;
  readonly configGaiaAddress?: string;
  readonly accounts: readonly {
    stxDerivationType: string;
    stxPrivateKey: string;
    dataPrivateKey: string;
    appsKey: string;
    salt: string;
    index: number;
    gaiaAddress: string;
    stxAddressMainnet: string;
    stxAddressTestnet: string;
    apps: readonly AppVector[];
  }[];
}

const addressOfKey = (key: string): string => addressOf(publicKeyOf(parsePrivateKey(key)));

const wallet: Suite = (file) =>
  parseVectors<{ cases: readonly WalletVector[] }>(file).cases.map((vector, i): Case => ({
    title: `wallet ${i}`,
    check: async () => {
      assert.equal(toHex(entropyOfWords(vector.mnemonic)), vector.entropyHex);
      assert.equal(wordsOfEntropy(fromHex(vector.entropyHex)), vector.mnemonic);
      const seed = await seedOfWords(vector.mnemonic);
      assert.equal(toHex(seed), vector.seedHex);
      const root = await masterNode(seed);
      const hex = async (path: string): Promise<string> => toHex((await derivePath(root, path)).key);
      const identities = await derivePath(root, "m/888'/0'");
      assert.equal(formatXprv(root), vector.rootXprv);
      assert.equal(formatXprv(identities), vector.identityKeychainXprv);
      assert.equal(formatXpub(identities), vector.identityKeychainXpub);
      assert.equal(formatXpub(await derivePath(root, "m/44'/0'/0'")), vector.bitcoinKeychainXpub);
      assert.equal(saltOf(identities), vector.identitySalt);
      assert.equal(await hex("m/44/5757'/0'/1"), vector.configPrivateKey);
      assert.equal(await hex("m/45'"), vector.legacyConfigPrivateKey);
      if (vector.configGaiaAddress !== undefined) assert.equal(addressOfKey(vector.configPrivateKey), vector.configGaiaAddress);
      const own = await openWallet(vector.mnemonic);
      for (const { index, address, privateKey } of vector.bitcoin) {
        const payment = await own.payment(index);
        assert.equal(payment.address(), address);
        assert.equal(`${await hex(`m/44'/0'/0'/0/${index}`)}01`, privateKey);
      }
      for (const expected of vector.identities) {
        const identity = await own.identity(expected.index);
        assert.equal(`${await hex(`m/888'/0'/${expected.index}'`)}01`, expected.key);
        assert.equal(toHex(identity.publicKey), expected.keyID);
        assert.equal(identity.address, expected.address);
        assert.equal(identity.appsNode(), expected.appsNodeKey);
        assert.equal(identity.salt, expected.salt);
        for (const app of expected.apps) {
          const key = toHex(await identity.appKey(app.domain));
          assert.equal(key, app.legacyAppPrivateKey);
          if (app.gaiaAddress !== undefined) assert.equal(addressOfKey(key), app.gaiaAddress);
          const digest = toHex(sha256(new TextEncoder().encode(app.domain + identity.salt)));
          if (app.domainSaltSha256 !== undefined) assert.equal(digest, app.domainSaltSha256);
          const groups = Array.from({ length: 11 }, (_, j) => `${Number.parseInt(digest.slice(6 * j, 6 * j + 6), 16)}'`).join('/');
          assert.equal(toHex((await derivePath(parseXprv(identity.appsNode()), groups)).key), app.appPrivateKey);
        }
      }
      for (const account of vector.accounts) {
        const data = `m/888'/0'/${account.index}'`;
        const stx = await hex(account.stxDerivationType === 'Data' ? data : `m/44'/5757'/0'/0/${account.index}`);
        const hash = hash160(publicKeyOf(parsePrivateKey(stx))) as Hash160;
        assert.equal(`${stx}01`, account.stxPrivateKey);
        assert.equal(formatC32Address({ version: 22, hash }), account.stxAddressMainnet);
        assert.equal(formatC32Address({ version: 26, hash }), account.stxAddressTestnet);
        assert.equal(await hex(data), account.dataPrivateKey);
        assert.equal(addressOfKey(account.dataPrivateKey), account.gaiaAddress);
        for (const app of account.apps) assert.equal(toHex(await appKeyOf(account.appsKey, account.salt, app.domain)), app.appPrivateKey);
      }
    },
  }));

interface BackupVector {
  readonly mnemonic: string;
  readonly password: string;
  readonly saltHex: string;
  readonly encryptedHex: string;
  readonly encryptedBase64?: string;
}

interface BackupFile {
  readonly cases?: readonly BackupVector[];
  readonly rejections?: readonly { name: string; encryptedHex: string; password: string }[];
  readonly invalidMnemonics?: readonly { mnemonic: string }[];
  readonly triplesecLegacy?: readonly { mnemonic: string; password: string; triplesecHex: string }[];
}

const refuses = (work: () => unknown): Promise<void> =>
  assert.rejects(
    async () => work(),
    (error) => error instanceof Error && error.name === 'NamesteadError',
  );

const encryptedMnemonic: Suite = (file) => {
  const { cases = [], rejections = [], invalidMnemonics = [], triplesecLegacy = [] } = parseVectors<BackupFile>(file);
  return [
    ...cases.map((vector, i): Case => ({
      title: `backup ${i}`,
      check: async () => {
        const sealed = await sealWords(vector.mnemonic, vector.password, fromHex(vector.saltHex));
        assert.equal(sealed, vector.encryptedHex);
        if (vector.encryptedBase64 !== undefined) assert.equal(toBase64(fromHex(sealed)), vector.encryptedBase64);
        assert.equal(await openWords(vector.encryptedHex, vector.password), vector.mnemonic);
      },
    })),
    ...rejections.map((vector): Case => ({ title: vector.name, check: () => refuses(() => openWords(vector.encryptedHex, vector.password)) })),
    ...invalidMnemonics.map((vector, i): Case => ({
      title: `invalid words ${i}`,
      check: async () => {
        await refuses(() => entropyOfWords(vector.mnemonic));
        await refuses(() => sealWords(vector.mnemonic, 'password'));
        await refuses(() => openWallet(vector.mnemonic));
      },
    })),
    // Peers differ on triplesec's older form; the specification asks that it be detected by its first 8 bytes.
    ...triplesecLegacy.map((vector, i): Case => ({
      title: `triplesec ${i}`,
      check: async () => {
        assert.ok(isTriplesec(vector.triplesecHex));
        await refuses(() => openWords(vector.triplesecHex, vector.password));
      },
    })),
  ];
};

export const walletSuites: Readonly<Record<string, Suite>> = {
  'auth-gaia/wallet.json': wallet,
  'auth-gaia/encrypted-mnemonic.json': encryptedMnemonic,
};
