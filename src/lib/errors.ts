/** Every code a {@link NamesteadError} can carry; `docs/errors.md` gives the cure of each. */
export const errorCodes = [
  // the wire
  'Aborted',
  'HttpFailed',
  'HttpStatus',
  'HttpTimeout',
  'HttpTooLarge',
  'HttpMalformed',
  // bytes
  'Malformed',
  'NetworkMismatch',
  'NameInvalid',
  'OperationInvalid',
  'AddressInvalid',
  'KeyInvalid',
  'MnemonicInvalid',
  'PasswordWrong',
  // headers
  'HeaderLinkage',
  'HeaderWork',
  'HeaderBits',
  'HeaderTime',
  'HeaderVersion',
  'LowWork',
  'AnchorMismatch',
  'AnchorRequired',
  'CheckpointReorg',
  'ReorgTooDeep',
  'TipStale',
  'NotConfirmed',
  // proofs
  'MerkleMismatch',
  'TransactionMismatch',
  'TransactionMissing',
  'BlockMissing',
  'SenderMismatch',
  'PayloadMismatch',
  'PositionMismatch',
  'ConsensusMismatch',
  'ConsensusStale',
  'OperationsMismatch',
  'OperationDuplicate',
  'OperationHidden',
  'UndecidedOperation',
  'SourcesDisagree',
  'FilterMismatch',
  'RecordMismatch',
  'UncommittedField',
  'AbsenceNotProved',
  'LevelNotReached',
  'NameExpired',
  'NameRevoked',
  'NamespaceNotReady',
  'ProofInvalid',
  'ProofExpired',
  // zone files and profiles
  'ZoneFileMissing',
  'ZoneFileMismatch',
  'ZoneFileTooLarge',
  'ZoneFileInvalid',
  'ProfileMissing',
  'ProfileMismatch',
  'ProfileUnverifiable',
  'TokenInvalid',
  'TokenExpired',
  // sign-in
  'RequestInvalid',
  'ResponseInvalid',
  'ResponseUnbound',
  'NameNotOwned',
  'SessionMissing',
  'SignInRejected',
  'SessionExpired',
  // payments and registrations
  'FundsTooLow',
  'FeeTooHigh',
  'OutputDust',
  'PayloadTooLarge',
  'InputForbidden',
  'SignatureMissing',
  'BroadcastRejected',
  'NameTaken',
  'NameUnaffordable',
  'OwnerFull',
  'RegistrationLost',
  'JournalCorrupt',
  'JournalBusy',
  // storage
  'NotFound',
  'PreconditionFailed',
  'Conflict',
  'Unauthorized',
  'TooLarge',
  'PathInvalid',
  'StorageFailed',
  'StorageFull',
  'StoreCorrupt',
  'CipherInvalid',
  'CipherMismatch',
  'SignatureInvalid',
  'SignatureMissingFile',
  'SignerMismatch',
  // servers
  'ServerFailed',
  'PortInUse',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * The one error class for what the world did wrong. A caller's own mistake is a `TypeError`.
 * `code` is stable across releases; `cause` keeps what was caught. Messages never carry keys, words or plaintext.
 */
export class NamesteadError extends Error {
  override readonly name = 'NamesteadError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(printable(message), options);
    this.code = code;
  }
}

/** Text in which others' words stand may be shown: what a terminal or a log would obey (controls, line ends, turns of direction) is replaced. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\ufffd');
}

/** True when `error` is ours, with `code` if one is given; works across two copies of the library. */
export function isNamesteadError(error: unknown, code?: ErrorCode): error is NamesteadError {
  return error instanceof Error && error.name === 'NamesteadError' && (code === undefined || ('code' in error && error.code === code));
}
