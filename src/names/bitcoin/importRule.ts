import { fromHex } from '../../lib/bytes.js';
import type { Claim } from './claim.js';
import { encodable, preorderHash } from './commitment.js';
import { importAddresses } from './keychain.js';
import { isRevealed } from './namespaceRule.js';
import type { NamedOperation } from './operation.js';
import { nameRecord } from './operationRecord.js';
import { namePrice } from './price.js';
import { refuse, type BlockContext, type Verdict } from './rule.js';
import { existsAt, put, putName, type NameRow, type NamespaceRow, type State } from './state.js';

/** NAME_IMPORT; BNS (b.5). A later import of the same name overwrites it and keeps its dates. */
export function judgeImport(state: State, claim: Claim<NamedOperation>, block: BlockContext): Verdict {
  const { sender, senderKey, recipient, valueHash } = claim;
  const { name } = claim.operation;
  const [label = '', id = ''] = name.split('.');
  const namespace = state.namespaces.get(id);
  if (!namespace || !isRevealed(namespace, block.last)) return refuse('the namespace is not open for imports');
  if (senderKey === null || !recipient || !encodable(name)) return refuse('the sender is not p2pkh');
  const keychain = state.keychains.get(id) ?? firstKeychain(namespace, sender.address, senderKey);
  if (!keychain?.has(sender.address)) return refuse(keychain ? 'the sender is not of the import keychain' : 'the first import comes from the reveal address');
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
      };
      if (!state.keychains.has(id)) put(state, state.keychains, id, keychain);
      putName(state, row);
      return nameRecord('NAME_IMPORT', ';', row, claim);
    },
  };
}

function firstKeychain(namespace: NamespaceRow, address: string, key: string): ReadonlySet<string> | null {
  return address === namespace.recipientAddress ? importAddresses(key, address) : null;
}

/** The name as it was imported before, in this block or an earlier one. */
function previousImport(state: State, name: string, { height, last }: BlockContext): NameRow | null {
  const row = state.names.get(name);
  return row && (existsAt(state, row, last) || row.firstRegistered === height) ? row : null;
}
