import { onTestFinished } from 'vitest';
import { addressOf } from '../../src/lib/address.js';
import { toHex } from '../../src/lib/bytes.js';
import { sha256 } from '../../src/lib/hash.js';
import { publicKeyOf, signerOf, type PrivateKey, type Signer } from '../../src/lib/key.js';
import { fromUtf8 } from '../../src/lib/bytes.js';
import { callJson, type XmlRpcValue } from '../../src/lib/xmlrpc.js';
import { http } from '../../src/lib/http.js';
import type { BitcoinNode } from '../../src/devnet/bitcoin/node.js';
import { startBitcoind } from '../../src/devnet/bitcoin/bitcoind.js';
import { startMemoryBitcoin } from '../../src/devnet/bitcoin/memory.js';
import { devnetNetwork } from '../../src/devnet/network.js';
import { esplora } from '../../src/names/bitcoin/adapters/esplora.js';
import { p2pkh, type Account } from '../../src/names/bitcoin/account.js';
import {
  importName,
  preorderName,
  preorderNamespace,
  readyNamespace,
  registerName,
  revealNamespace,
  updateName,
  BURN_ADDRESS,
  type Recipe,
} from '../../src/names/bitcoin/builder.js';
import { pay } from '../../src/names/bitcoin/pay.js';
import { startNode, type CoreNode, type NodeOptions } from '../../src/node/node.js';
import { hashZoneFile } from '../../src/zones/zonefile.js';

export const network = devnetNetwork;
const ask = http();

/** A key that a label stands for. */
export function keyOf(label: string): { readonly account: Account; readonly signer: Signer; readonly address: string } {
  const key = sha256(fromUtf8(label)) as PrivateKey;
  const signer = signerOf(key);
  return { signer, account: p2pkh(signer), address: addressOf(publicKeyOf(key)) };
}

/** The JSON that a node answers, and the text of it. */
export async function call(url: string, method: string, ...params: XmlRpcValue[]): Promise<Record<string, unknown>> {
  return (await callJson(ask, url, method, params)) as Record<string, unknown>;
}

export async function rest(url: string, path: string): Promise<{ status: number; body: unknown }> {
  const answer = await ask(`${url}${path}`);
  const text = new TextDecoder().decode(answer.body);
  return { status: answer.status, body: answer.headers.get('content-type') === 'application/json' ? (JSON.parse(text) as unknown) : text };
}

export function memoryBitcoin(): Promise<BitcoinNode> {
  return readied(startMemoryBitcoin());
}

export function realBitcoin(path: string): Promise<BitcoinNode> {
  return readied(startBitcoind({ path }));
}

async function readied(starting: Promise<BitcoinNode>): Promise<BitcoinNode> {
  const bitcoin = await starting;
  onTestFinished(() => bitcoin.close());
  const height = Number(await bitcoin.rpc('getblockcount'));
  if (height < network.firstBlock) await bitcoin.mine(network.firstBlock - height);
  return bitcoin;
}

export async function nodeOn(bitcoin: BitcoinNode, options: Partial<NodeOptions> = {}): Promise<CoreNode> {
  const node = await startNode({ bitcoin: { url: bitcoin.rpcUrl, user: bitcoin.user, password: bitcoin.password }, network, interval: 50, ...options });
  onTestFinished(() => node.close());
  return node;
}

export async function tipOf(bitcoin: BitcoinNode): Promise<number> {
  return Number(await bitcoin.rpc('getblockcount'));
}

/** Names are made here: sends a recipe's transaction, mines it, and waits until the nodes have folded it. */
export function registrar(bitcoin: BitcoinNode, nodes: readonly CoreNode[]) {
  const source = esplora({ url: bitcoin.esploraUrl });
  const payer = keyOf('payer');
  const settle = async (): Promise<number> => {
    const tip = await tipOf(bitcoin);
    await Promise.all(nodes.map((node) => node.waitForHeight(tip)));
    return tip;
  };
  const send = async (recipe: Recipe, owner: Account = payer.account): Promise<{ readonly txid: string; readonly height: number }> => {
    const { txid, bytes } = await pay(recipe, { payer: payer.account, owner }, { network, transactions: source, payments: source }, { feeRate: 2 });
    await bitcoin.rpc('sendrawtransaction', [toHex(bytes)]);
    await bitcoin.mine(1);
    return { txid, height: await settle() };
  };
  const fresh = (): string => nodes[0]?.consensusHashAt(nodes[0].height() ?? 0) ?? '';
  return {
    payer,
    settle,
    send,
    fresh,
    fund: async (...labels: string[]): Promise<void> => {
      await bitcoin.fund(payer.address, 2_000_000_000n);
      for (const label of labels) await bitcoin.fund(keyOf(label).address, 50_000_000n);
      await bitcoin.mine(1);
      await settle();
    },
    /** Opens a namespace with one imported name `imported.<id>`. */
    openNamespace: async (id: string): Promise<void> => {
      const creator = keyOf(`creator of ${id}`);
      await bitcoin.fund(creator.address, 50_000_000n);
      await send(
        preorderNamespace({ namespace: id, owner: creator.address, payer: payer.account, consensusHash: fresh(), price: 400_000_000n, tokens: null }, network),
      );
      const terms = {
        lifetime: 52_595,
        coeff: 250,
        base: 4,
        buckets: [6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        nonalphaDiscount: 4,
        noVowelDiscount: 4,
        version: 1,
      };
      await send(revealNamespace({ namespace: id, owner: creator.address, ...terms }, network));
      await send(
        importName({ name: `imported.${id}`, owner: keyOf('imported').address, valueHash: hashZoneFile(fromUtf8('imported')) }, network),
        creator.account,
      );
      await send(readyNamespace(id, network), creator.account);
    },
    register: async (name: string, owner: string, zoneFile: Uint8Array | null): Promise<{ readonly txid: string; readonly height: number }> => {
      const address = keyOf(owner).address;
      await send(preorderName({ name, owner: address, payer: payer.account, consensusHash: fresh(), price: 1_000_000n, payee: BURN_ADDRESS }, network));
      return send(registerName({ name, owner: address, valueHash: zoneFile ? toHex(hashZoneFile(zoneFile)) : null }, network));
    },
    update: (name: string, owner: string, zoneFile: Uint8Array) =>
      send(updateName({ name, valueHash: toHex(hashZoneFile(zoneFile)), consensusHash: fresh() }, network), keyOf(owner).account),
  };
}
