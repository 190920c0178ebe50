/** Why a script fails, in bitcoind's words (`script_error.cpp`), since tools match on them. */
export const failures = {
  UNKNOWN: 'unknown error',
  EVAL_FALSE: 'Script evaluated without error but finished with a false/empty top stack element',
  OP_RETURN: 'OP_RETURN was encountered',
  SCRIPT_SIZE: 'Script is too big',
  PUSH_SIZE: 'Push value size limit exceeded',
  OP_COUNT: 'Operation limit exceeded',
  STACK_SIZE: 'Stack size limit exceeded',
  SIG_COUNT: 'Signature count negative or greater than pubkey count',
  PUBKEY_COUNT: 'Pubkey count negative or limit exceeded',
  VERIFY: 'Script failed an OP_VERIFY operation',
  EQUALVERIFY: 'Script failed an OP_EQUALVERIFY operation',
  CHECKMULTISIGVERIFY: 'Script failed an OP_CHECKMULTISIGVERIFY operation',
  CHECKSIGVERIFY: 'Script failed an OP_CHECKSIGVERIFY operation',
  NUMEQUALVERIFY: 'Script failed an OP_NUMEQUALVERIFY operation',
  BAD_OPCODE: 'Opcode missing or not understood',
  DISABLED_OPCODE: 'Attempted to use a disabled opcode',
  INVALID_STACK: 'Operation not valid with the current stack size',
  INVALID_ALTSTACK: 'Operation not valid with the current altstack size',
  UNBALANCED: 'Invalid OP_IF construction',
  NEGATIVE_LOCKTIME: 'Negative locktime',
  UNSATISFIED_LOCKTIME: 'Locktime requirement not satisfied',
  SIG_HASHTYPE: 'Signature hash type missing or not understood',
  SIG_DER: 'Non-canonical DER signature',
  SIG_HIGH_S: 'Non-canonical signature: S value is unnecessarily high',
  SIG_NULLDUMMY: 'Dummy CHECKMULTISIG argument must be zero',
  SIG_PUSHONLY: 'Only push operators allowed in signatures',
  SIG_NULLFAIL: 'Signature must be zero for failed CHECK(MULTI)SIG operation',
  SIG_FINDANDDELETE: 'Signature is found in scriptCode',
  MINIMALDATA: 'Data push larger than necessary',
  MINIMALIF: 'OP_IF/NOTIF argument must be minimal',
  NOPS: 'NOPx reserved for soft-fork upgrades',
  UPGRADABLE_PROGRAM: 'Witness version reserved for soft-fork upgrades',
  PUBKEYTYPE: 'Public key is neither compressed or uncompressed',
  CLEANSTACK: 'Stack size must be exactly one after execution',
  PROGRAM_LENGTH: 'Witness program has incorrect length',
  PROGRAM_EMPTY: 'Witness program was passed an empty witness',
  PROGRAM_MISMATCH: 'Witness program hash mismatch',
  WITNESS_MALLEATED: 'Witness requires empty scriptSig',
  WITNESS_MALLEATED_P2SH: 'Witness requires only-redeemscript scriptSig',
  WITNESS_UNEXPECTED: 'Witness provided for non-witness script',
  WITNESS_PUBKEYTYPE: 'Using non-compressed keys in segwit',
  CODESEPARATOR: 'Using OP_CODESEPARATOR in non-witness script',
  TAPROOT: 'Taproot spends are not verified by this node',
} as const;

export type FailureCode = keyof typeof failures;

/** A script ended without success. */
export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure';
  readonly code: FailureCode;

  constructor(code: FailureCode) {
    super(failures[code]);
    this.code = code;
  }
}

/** A block or transaction breaks a rule; the message is bitcoind's reject reason, `debug` what it adds in parentheses or after a comma. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly debug: string;

  constructor(reason: string, debug = '') {
    super(reason);
    this.debug = debug;
  }
}

/** bitcoind's refusal of a call: `code` and `message` as in its JSON-RPC. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
