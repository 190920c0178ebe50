import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex, reversed } from '../../lib/bytes.js';
import { merkleBranch } from '../../lib/merkle.js';
import { parseBlock, verifyInclusion } from '../../names/bitcoin/block.js';
import { parseHeader, verifyWork } from '../../names/bitcoin/header.js';
import { mainnet } from '../../names/bitcoin/network.js';
import { epochAt } from '../../names/bitcoin/epoch.js';
import { decodeOperation } from '../../names/bitcoin/operation.js';
import { nulldataOf } from '../../names/bitcoin/script.js';
import type { Step } from '../transcript.js';

const HEIGHT = 426_884;
/** The retarget block whose bits hold for the 2,016 blocks from it on. */
const CHECKPOINT = 425_376;
const DATA = 'test/vectors/bitcoin';

interface CheckpointHeader {
  readonly height: number;
  readonly header: string;
}

/** A block of 2016 with two BNS operations, from the first byte to the last. */
export async function realBitcoin(step: Step): Promise<void> {
  const directory = dataDirectory();
  const bytes = new Uint8Array(await readFile(join(directory, 'block426884.raw')));
  const block = parseBlock(bytes);
  const header = parseHeader(bytes.subarray(0, 80));
  verifyWork(header, mainnet.bitcoin.powLimitBits);
  step.say(`${bytes.length} bytes, ${block.transactions.length} transactions, proof of work and merkle root hold: ${header.hash}`, {
    hash: header.hash,
    bytes: bytes.length,
    transactions: block.transactions.length,
  });

  const checkpoint = await checkpointHeader(directory);
  if (checkpoint.bits !== header.bits) throw new Error(`the block's bits ${header.bits} are not those of its period, ${checkpoint.bits}`);
  step.say(`bits ${header.bits.toString(16)} are those of the real retarget block ${CHECKPOINT}: ${checkpoint.hash}`, {
    bits: header.bits.toString(16),
    checkpoint: checkpoint.hash,
  });

  const leaves = block.txids.map((txid) => reversed(fromHex(txid)));
  const operations = block.transactions.flatMap((transaction, index) => {
    const data = nulldataOf(transaction.outputs);
    const operation = data && decodeOperation(data, { magic: mainnet.magic, epoch: epochAt(mainnet, HEIGHT).number, outputs: transaction.outputs.length });
    if (!operation) return [];
    const txid = block.txids[index] ?? '';
    const branch = merkleBranch(leaves, index);
    verifyInclusion(txid, { height: HEIGHT, index, branch }, header);
    return [{ ...operation, txid, index, branch: branch.length }];
  });
  if (operations.length !== 2) throw new Error(`found ${operations.length} operations, not 2`);
  for (const { opcode, txid, index, branch } of operations) step.say(`${opcode} in transaction ${index}, proved by ${branch} hashes: ${txid}`, { operations });
}

async function checkpointHeader(directory: string): Promise<ReturnType<typeof parseHeader>> {
  const file = JSON.parse(await readFile(join(directory, 'mainnet-checkpoint-headers.json'), 'utf8')) as readonly CheckpointHeader[];
  const found = file.find(({ height }) => height === CHECKPOINT);
  if (!found) throw new Error(`the checkpoint headers lack height ${CHECKPOINT}`);
  const header = parseHeader(fromHex(found.header));
  verifyWork(header, mainnet.bitcoin.powLimitBits);
  return header;
}

/** The package ships the block beside its code; a checkout has it among the test vectors: the same path in both. */
function dataDirectory(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); at !== dirname(at); at = dirname(at)) {
    if (existsSync(join(at, DATA, 'block426884.raw'))) return join(at, DATA);
  }
  throw new Error(`the block is missing: ${join(DATA, 'block426884.raw')} belongs to the package`);
}
