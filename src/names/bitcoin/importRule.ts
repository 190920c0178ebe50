import { fromHex } from '../../lib/bytes.js';
import type { Claim } from './claim.js';
import { encodable, preorderHash } from './commitment.js';
import { isRevealed } from './namespaceRule.js';
import type { NamedOperation } from './operation.js';
import { nameRecord } from './operationRecord.js';
import { namePrice } from './price.js';
import { refuse, type BlockContext, type Verdict } from './rule.js';
import { existsAt, putName, type NameRow, type State } from './state.js';
import { put } from './undo.js';

/** NAME_IMPORT; BNS (b.5). A later import of the same name overwrites it and keeps its dates. */
export function judgeImport(state: State, claim: Claim<NamedOperation>, block: BlockContext): Verdict {
  const { sender, senderKey, recipient, valueHash } = claim;
  const { name } = claim.operation;
  const [label = '', id = ''] = name.split('.');
  const namespace = state.namespaces.get(id);
  if (!namespace || !isRevealed(namespace, block.last)) return refuse('the namespace is not open for imports');
  if (senderKey === null || !recipient || !encodable(name)) return refuse('the sender is not p2pkh');
  const keychain = state.keychains.get(id);
  if (keychain === undefined && sender.address !== namespace.recipientAddress) return refuse('the first import comes from the reveal address');
  if (keychain !== undefined && !state.memo.keychainOf(keychain).has(sender.address)) return refuse('the sender is not of the import keychain');
  return {
    grant: () => {
      const old = previousImport(state, name, block);
      const price = namePrice(label, namespace, block.epoch);
      const row: NameRow = {
        name,
        namespace: id,
        valueHash,
        owner: recipient.script,
        ownerAddress: recipient.address,
        senderKey,
        blockNumber: old?.blockNumber ?? block.height,
        preorderHeight: old?.preorderHeight ?? block.height,
        preorderHash: old?.preorderHash ?? preorderHash(name, fromHex(sender.script), recipient.address),
        firstRegistered: old?.firstRegistered ?? block.height,
        lastRenewed: old?.lastRenewed ?? block.height,
        revoked: false,
        fee: namespace.version === 3 ? 0 : Number(price),
        tokenFee: namespace.version === 3 ? price.toString() : '0',
        importer: { script: sender.script, address: sender.address },
        namespaceHeight: namespace.blockNumber,
        consensusHash: null,
        updateConsensusHash: null,
        height: block.height,
        index: claim.index,
      };
      if (keychain === undefined) put(state, state.keychains, id, senderKey);
      putName(state, row);
      return nameRecord('NAME_IMPORT', ';', row, claim);
    },
  };
}

/** The name as it was imported before, in this block or an earlier one. */
function previousImport(state: State, name: string, { height, last }: BlockContext): NameRow | null {
  const row = state.names.get(name);
  return row && (existsAt(state, row, last) || row.firstRegistered === height) ? row : null;
}
