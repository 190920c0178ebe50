import {
  announce,
  importName,
  pay,
  preorderName,
  preorderNamespace,
  readyNamespace,
  registerName,
  renewName,
  revealNamespace,
  revokeName,
  transferName,
  updateName,
} from 'namestead';

export const names = { preorderName, registerName, renewName, updateName, transferName, revokeName, importName, announce };
export const namespaces = { preorderNamespace, revealNamespace, readyNamespace };
export { pay };
