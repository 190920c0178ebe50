import { describe, expect, test } from 'vitest';
import { authenticate, challengeText } from '../../src/hub/authentication.js';
import type { Gate } from '../../src/hub/authentication.js';
import { addressOf } from '../../src/lib/address.js';
import { fromUtf8, toBase64, toHex } from '../../src/lib/bytes.js';
import { sha256 } from '../../src/lib/hash.js';
import { parsePrivateKey, signerOf, toDer } from '../../src/lib/key.js';
import type { Signer } from '../../src/lib/key.js';
import { signToken } from '../../src/lib/token.js';

const now = 1_800_000_000;
const app = signerOf(parsePrivateKey('2564552dc144b63283f44b81aed901c7147280251de1b27bc1194c6d532320e0'));
const identity = signerOf(parsePrivateKey('70857206ad66b593d5970b4d7592067b39450a5bc6a77570933df4a3ee892b4a'));
const stranger = signerOf(parsePrivateKey('bfb0dbda368b72409657c10da7a275291729b06f057899b2d91ee96252d8432c'));
const hex = (signer: Signer): string => toHex(signer.publicKey);
const gate: Gate = { serverName: 'hub', address: addressOf(app.publicKey), now, oldest: 0, hubUrls: null };
const claims = { gaiaChallenge: challengeText('hub'), hubUrl: 'https://hub', iss: hex(app), salt: '00', iat: now - 10, exp: now + 10 };
const v1 = async (changes: object = {}, signer = app): Promise<string> => `bearer v1:${await signToken({ ...claims, ...changes }, signer)}`;
const association = async (changes: object = {}, signer = identity): Promise<{ associationToken: string }> => ({
  associationToken: await signToken({ childToAssociate: hex(app), iss: hex(identity), exp: now + 10, ...changes }, signer),
});
const legacy = async (signer = app, text = challengeText('hub'), publicKey = hex(app)): Promise<string> =>
  `bearer ${toBase64(fromUtf8(JSON.stringify({ publickey: publicKey, signature: toHex(toDer(await signer.sign(sha256(fromUtf8(text))))) })))}`;

describe('an honest token', () => {
  test('is admitted for its own bucket', async () => {
    expect(authenticate(await v1(), gate)).toEqual({ signer: gate.address, scopes: [] });
    expect(authenticate(await legacy(), gate)).toEqual({ signer: gate.address, scopes: [] });
    expect(authenticate(await v1(), { ...gate, oldest: now - 10, hubUrls: ['https://hub'] }).signer).toBe(gate.address);
  });

  test('with an association is that of the identity', async () => {
    expect(authenticate(await v1(await association()), gate).signer).toBe(addressOf(identity.publicKey));
  });
});

describe('refused is', () => {
  test.each<[string, () => Promise<string>, RegExp, Partial<Gate>?]>([
    ['a token for another’s bucket', () => v1({ iss: hex(stranger) }, stranger), /Address not allowed/],
    ['a token that another key signed', () => v1({}, stranger), /Failed to verify supplied/],
    ['a token for another hub', () => v1({ gaiaChallenge: challengeText('elsewhere') }), /Invalid gaiaChallenge/],
    ['a token that has ended', () => v1({ exp: now - 1 }), /Expired authentication token/],
    ['a token whose end is no number', () => v1({ exp: 'never' }), /Expired authentication token/],
    ['a revoked token', () => v1({ iat: now - 20 }), /was issued/, { oldest: now - 10 }],
    ['a token without a date after a revocation', () => v1({ iat: undefined }), /no creation timestamp/, { oldest: 1 }],
    ['a token made for another hub’s URL where that counts', () => v1(), /not found in this hubs set/, { hubUrls: ['https://other'] }],
    ['a token without a hub’s URL where that counts', () => v1({ hubUrl: undefined }), /must provide a claimed hub/, { hubUrls: ['https://hub'] }],
    ['an association that the identity did not sign', async () => v1(await association({}, stranger)), /invalid issuer/],
    ['an association that has ended', async () => v1(await association({ exp: now - 1 })), /Expired association/],
    ['an association without an end', async () => v1(await association({ exp: undefined })), /Must provide `exp`/],
    ['an association for another key', async () => v1(await association({ childToAssociate: hex(stranger) })), /does not match/],
    ['an association that is no token', () => v1({ associationToken: 'x' }), /Failed to decode association/],
    ['nine scopes', () => v1({ scopes: new Array(9).fill({ scope: 'putFile', domain: 'a' }) }), /Failed to parse/],
    ['an unknown scope', () => v1({ scopes: [{ scope: 'root', domain: '' }] }), /Failed to parse/],
    ['a first-kind token that another key signed', () => legacy(stranger), /Invalid signature/],
    ['a first-kind token for another hub', () => legacy(app, challengeText('elsewhere')), /Invalid signature/],
    ['a first-kind token for another’s bucket', () => legacy(stranger, challengeText('hub'), hex(stranger)), /Address not allowed/],
    ['a first-kind token after a revocation', () => legacy(), /no creation timestamp/, { oldest: 1 }],
  ])('%s', async (_, header, message, changes = {}) => {
    const text = await header();
    expect(() => authenticate(text, { ...gate, ...changes })).toThrow(message);
  });

  test('whatever is no token at all', async () => {
    const good = (await v1()).slice('bearer v1:'.length);
    const bad = [
      undefined,
      '',
      'bearer',
      'bearer ',
      'Basic abc',
      'bearer v2:' + good,
      'bearer v1:',
      `bearer v1:${good}.x`,
      'bearer v1:' + good.replace(/\..*\./, '..'),
      'bearer e30=',
    ];
    for (const header of bad) expect(() => authenticate(header, gate), String(header)).toThrow('Failed to parse authentication header.');
  });
});
