import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { openKeys } from '../../src/cli/keys.js';
import { isUsage } from '../../src/cli/usage.js';
import { walletAddressesCommand, walletNewCommand } from '../../src/cli/wallet.js';
import { parseCall, type Command } from '../../src/cli/command.js';
import { addressOf, encodeBase58, parseAddress } from '../../src/lib/address.js';
import { concat, fromHex, toHex } from '../../src/lib/bytes.js';
import { hash256 } from '../../src/lib/hash.js';
import { generatePrivateKey, publicKeyOf } from '../../src/lib/key.js';
import { mainnet, regtest } from '../../src/names/bitcoin/network.js';
import { sealWords } from '../../src/wallet/backup.js';
import { generateWords } from '../../src/wallet/mnemonic.js';
import { openWallet } from '../../src/wallet/wallet.js';

const folder = mkdtempSync(join(tmpdir(), 'namestead-keys-'));
const secrets = ['NAMESTEAD_WORDS', 'NAMESTEAD_KEY', 'NAMESTEAD_OWNER_KEY', 'NAMESTEAD_PASSWORD'];
for (const name of secrets) vi.stubEnv(name, '');
vi.stubEnv('NAMESTEAD_HOME', folder);

afterEach(() => {
  for (const name of secrets) vi.stubEnv(name, '');
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;
function write(text: string, mode = 0o600): string {
  const path = join(folder, `secret-${files++}`);
  writeFileSync(path, text, { mode });
  return path;
}

const key = generatePrivateKey();
const wif = (body: Uint8Array): string => encodeBase58(concat(body, hash256(body).subarray(0, 4)));

test('words give the payer and the owner by their indexes', async () => {
  const words = generateWords();
  const wallet = await openWallet(words);
  const values = { 'words-file': write(`  ${words.replace(/ /g, '\n')}\n`), 'payer-index': '3', 'owner-index': '2' };
  const keys = await openKeys(values, mainnet);
  expect(keys.funding).toBe((await wallet.payment(3)).address());
  expect(keys.ownerAddress).toBe((await wallet.identity(2)).address);
  expect(await keys.ownerAt(1)).toBe((await wallet.identity(3)).address);
  expect(parseAddress((await openKeys(values, regtest)).funding).version).toBe(111);
  const { funding } = await openKeys({ ...values, 'payer-type': 'p2sh-p2wpkh' }, mainnet);
  expect(parseAddress(funding).version).toBe(5);
});

test('a private key pays and owns, as hex or WIF, from a file or the environment', async () => {
  const address = addressOf(publicKeyOf(key));
  for (const text of [
    toHex(key),
    `${toHex(key)}01`,
    wif(concat(Uint8Array.of(0x80), key, Uint8Array.of(1))),
    wif(concat(Uint8Array.of(0xef), key, Uint8Array.of(1))),
  ]) {
    const keys = await openKeys({ 'key-file': write(`${text}\n`) }, mainnet);
    expect([keys.funding, keys.ownerAddress]).toEqual([address, address]);
  }
  vi.stubEnv('NAMESTEAD_KEY', toHex(key));
  const other = generatePrivateKey();
  const keys = await openKeys({ 'owner-key-file': write(toHex(other)) }, mainnet);
  expect([keys.funding, keys.ownerAddress]).toEqual([address, addressOf(publicKeyOf(other))]);
  await expect(keys.ownerAt(1)).rejects.toSatisfy(isUsage);
});

test('words may be an encrypted backup', async () => {
  const words = generateWords();
  const path = write(await sealWords(words, 'secret'));
  await expect(openKeys({ 'words-file': path }, mainnet)).rejects.toSatisfy(isUsage);
  vi.stubEnv('NAMESTEAD_PASSWORD', 'secret');
  expect((await openKeys({ 'words-file': path }, mainnet)).ownerAddress).toBe((await (await openWallet(words)).identity(0)).address);
  vi.stubEnv('NAMESTEAD_PASSWORD', 'wrong');
  await expect(openKeys({ 'words-file': path }, mainnet)).rejects.toMatchObject({ code: 'PasswordWrong' });
});

test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o644, 0o666])('a secret that others can read (%o) is refused', async (mode) => {
  await expect(openKeys({ 'words-file': write(generateWords(), mode) }, mainnet)).rejects.toThrow(/chmod 600/);
  await expect(openKeys({ 'key-file': write(toHex(key), mode) }, mainnet)).rejects.toSatisfy(isUsage);
});

test('what is no key is refused without being shown', async () => {
  const wrong = [
    toHex(key).slice(2),
    '00'.repeat(32),
    'hunter2',
    wif(concat(Uint8Array.of(0x80), key)),
    `${wif(concat(Uint8Array.of(0x80), key, Uint8Array.of(1)))}x`,
    '',
  ];
  for (const text of wrong) {
    const refused: unknown = await openKeys({ 'key-file': write(text) }, mainnet).catch((error: unknown) => error);
    expect(refused).toSatisfy(isUsage);
    if (text !== '') expect((refused as Error).message).not.toContain(text);
  }
  await expect(openKeys({}, mainnet)).rejects.toSatisfy(isUsage);
  await expect(openKeys({ 'key-file': join(folder, 'nowhere') }, mainnet)).rejects.toSatisfy(isUsage);
  await expect(openKeys({ 'key-file': write('ab'.repeat(5000)) }, mainnet)).rejects.toSatisfy(isUsage);
  expect(fromHex(toHex(key))).toEqual(Uint8Array.from(key));
});

/** A command in this process. */
async function run(command: Command, args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const call = await parseCall(command, 'wallet', args, { out, err }, new AbortController().signal);
  if (call === 'help') throw new Error('help');
  return { code: await command.run(call), out: String(out.read() ?? ''), err: String(err.read() ?? '') };
}

test('a new wallet is written for its owner alone, not printed, and never over another', async () => {
  const path = join(folder, 'words');
  const { code, out } = await run(walletNewCommand, ['--out', path, '--json']);
  const words = readFileSync(path, 'utf8').trim();
  expect(code).toBe(0);
  expect(words.split(' ')).toHaveLength(12);
  expect(out).not.toContain(words.split(' ').slice(0, 2).join(' '));
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  const { owner, payer } = JSON.parse(out) as { readonly owner: string; readonly payer: string };
  expect(owner).toBe((await (await openWallet(words)).identity(0)).address);
  expect((await run(walletAddressesCommand, ['--words-file', path])).out).toContain(payer);
  await expect(run(walletNewCommand, ['--out', path])).rejects.toThrow(/is not written over/);
  await expect(run(walletNewCommand, [])).rejects.toSatisfy(isUsage);
});
