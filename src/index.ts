// The public list, by hand. Adapters have subpaths of their own.

export { createClient, allowLoopback } from './client.js';
export type {
  BucketAccess,
  Client,
  ClientFile,
  GetFileOptions,
  PutFileOptions,
  RegisterRequest,
  Registrar,
  ResolveOptions,
  Resolved,
  SignInOptions,
  World,
} from './client.js';

export { NamesteadError, errorCodes, isNamesteadError } from './lib/errors.js';
export type { ErrorCode } from './lib/errors.js';
export { fromBase64, fromHex, fromUtf8, toBase64, toHex, toUtf8 } from './lib/bytes.js';
export { http } from './lib/http.js';
export type { Fetch, Http, HttpAnswer, HttpRequest } from './lib/http.js';
export type { CallOptions, Clock, LongCallOptions, Progress } from './lib/clock.js';
export type { Fields } from './lib/shape.js';
export { generatePrivateKey, keyAgreementOf, parsePrivateKey, parsePublicKey, publicKeyOf, signerOf } from './lib/key.js';
export type { KeyAgreement, PrivateKey, PublicKey, Signer } from './lib/key.js';
export { addressOf, formatAddress, parseAddress } from './lib/address.js';
export type { Address, Hash160 } from './lib/address.js';
export { open, seal } from './lib/ecies.js';
export type { CipherObject, OpenOptions, SealOptions } from './lib/ecies.js';
export { parseToken, signToken } from './lib/token.js';
export type { Token } from './lib/token.js';
export { verifyToken } from './lib/tokenVerifier.js';

export { isNameValid, isNamespaceValid, parseName } from './names/name.js';
export type { Name } from './names/name.js';
export type { Lookup, LookupOptions, Names } from './names/names.js';
export { levels } from './names/proof.js';
export type { AsOf, Evidence, Level } from './names/proof.js';
export type { NameRecord } from './names/record.js';
export { memoryJournal } from './names/journal.js';
export type { Journal } from './names/journal.js';
export { register, registrationKey } from './names/registration.js';
export type { Publish, Registered, RegisterTerms, RegistrationWorld } from './names/registration.js';
export { registerAll } from './names/registrations.js';
export type { BatchName, BatchOptions, BatchOutcome, BatchProgress, RegisterAllTerms } from './names/registrations.js';
export { dryRun } from './names/dryRun.js';
export type { DryRun, DryRunWorld, Intent } from './names/dryRun.js';
export type { Check } from './names/dryChecks.js';
export type { Rehearsed } from './names/bitcoin/rehearse.js';
export { importerAt, importInto, importKey } from './names/import.js';
export type { ImportTerms } from './names/import.js';
export { provedTerms } from './names/bitcoin/provedTerms.js';
export type { ProvedTerms, ProvedTermsOptions } from './names/bitcoin/provedTerms.js';
export { readStatus } from './names/status.js';
export type { PlanStatus } from './names/status.js';
export { bumpFee } from './names/bitcoin/bump.js';
export type { Bumped, BumpOptions, BumpTerms } from './names/bitcoin/bump.js';
export { changeKey, renew, revoke, transfer, update } from './names/change.js';
export type { ChangeTerms } from './names/change.js';
export { namespaceKey, openNamespace } from './names/namespace.js';
export type { OpenNamespaceTerms } from './names/namespace.js';
export type { ConsensusClaim, StandingWorld } from './names/bitcoin/standing.js';

export { bitcoinNames } from './names/bitcoin/names.js';
export type { Anchor, BitcoinNamesOptions } from './names/bitcoin/names.js';
export type { HistoryStore } from './names/bitcoin/committed.js';
export { quorumNames, serverNames } from './names/bitcoin/quorumNames.js';
export type { QuorumNamesOptions } from './names/bitcoin/quorumNames.js';
export { replayNames } from './names/bitcoin/replay.js';
export type { ReplayNamesOptions } from './names/bitcoin/replay.js';
export type { ReplayStore } from './names/bitcoin/replaySnapshot.js';
export type { Sighting, Watch, Watched, WatchWorld } from './names/bitcoin/watch.js';
export { byFilters } from './names/bitcoin/byFilters.js';
export type { ByFiltersOptions } from './names/bitcoin/byFilters.js';
export type { FilterStore } from './names/bitcoin/filterPosition.js';
export { byHistory } from './names/bitcoin/byHistory.js';
export type { ByHistoryOptions } from './names/bitcoin/byHistory.js';
export type { HistoryOperator } from './names/bitcoin/scriptHistory.js';
export type { NamespaceLife } from './names/bitcoin/expiry.js';
export {
  bitcoinMainnet,
  bitcoinRegtest,
  bitcoinSignet,
  bitcoinTestnet3,
  bitcoinTestnet4,
  defineNetwork,
  mainnet,
  regtest,
  testnet,
} from './names/bitcoin/network.js';
export type { BitcoinParams, Epoch, GenesisAccount, Network, NetworkDefaults } from './names/bitcoin/network.js';
export type { EpochRules } from './names/bitcoin/epoch.js';
export type {
  BitcoinSource,
  BlockId,
  BlockSource,
  FilterSource,
  HeaderProofSource,
  HeaderSource,
  HistorySource,
  Inclusion,
  Indexer,
  PaymentSource,
  TransactionSource,
  Unspent,
} from './names/bitcoin/source.js';
export { quorum } from './names/bitcoin/quorum.js';
export { fallback } from './names/bitcoin/fallback.js';
export { cached as cachedSource } from './names/bitcoin/cached.js';
export type { CachedSourceOptions } from './names/bitcoin/cached.js';
export { retrying as retryingSource } from './names/bitcoin/retrying.js';
export type { RetryingSourceOptions } from './names/bitcoin/retrying.js';
export { limited } from './names/bitcoin/limited.js';
export { limitedHttp } from './lib/gate.js';
export type { Limits } from './lib/gate.js';
export type { AnySource, Ports, SourceMethod } from './names/bitcoin/wrapped.js';
export { createHeaderChain, syncHeaders } from './names/bitcoin/chain.js';
export type { HeaderChain, HeaderChainOptions, SyncOptions, SyncResult } from './names/bitcoin/chain.js';
export { loadHashHeaders } from './lib/sha256dSimd.js';
export type { HashHeaders } from './lib/sha256dSimd.js';
export { makeAnchor, openAnchor } from './names/bitcoin/anchor.js';
export type { NetworkAnchor } from './names/bitcoin/anchor.js';
export { openCheckpoint } from './names/bitcoin/checkpoint.js';
export type { Checkpoint } from './names/bitcoin/checkpoint.js';
export { findHeader, headersRoot, verifyHeaderBranch } from './names/bitcoin/headerProof.js';
export type { EarlierHeaders, HeadersRoot } from './names/bitcoin/headerProof.js';
export { proveName } from './names/bitcoin/proveName.js';
export type { ProveNameOptions, ProvingWorld } from './names/bitcoin/proveName.js';
export { verifyProof } from './names/bitcoin/verifyProof.js';
export type { VerifiedProof, VerifyProofOptions } from './names/bitcoin/verifyProof.js';
export { loadHeaders, memoryHeaders } from './names/bitcoin/headerStore.js';
export type { HeaderRun, HeaderStore } from './names/bitcoin/headerStore.js';
export type { Branch, ChainTip } from './names/bitcoin/branch.js';
export { parseHeader } from './names/bitcoin/header.js';
export type { Header } from './names/bitcoin/header.js';
export { parseBlock, verifyInclusion } from './names/bitcoin/block.js';
export type { Block, CoinbaseProof } from './names/bitcoin/block.js';
export { parseTransaction, serializeTransaction, txidOf } from './names/bitcoin/transaction.js';
export type { Input, Output, Transaction } from './names/bitcoin/transaction.js';
export { decodeOperation, encodeOperation } from './names/bitcoin/operation.js';
export type { Opcode, Operation } from './names/bitcoin/operation.js';
export type {
  Announce,
  DecodeContext,
  NamedOperation,
  NamePreorder,
  NameRegistration,
  NamespacePreorder,
  NamespaceReady,
  NamespaceReveal,
  NamespaceTerms,
  NameTransfer,
  NameUpdate,
  TokenTransfer,
} from './names/bitcoin/operationKind.js';
export { nameConsensusHash, nameHash128, preorderHash } from './names/bitcoin/commitment.js';
export { namePrice, namespacePrice } from './names/bitcoin/price.js';
export type { PriceTerms } from './names/bitcoin/price.js';
export { fundingAddress, lockScript, multisig, p2pkh, p2shP2wpkh } from './names/bitcoin/account.js';
export type { Account, Lock } from './names/bitcoin/account.js';
export type { Receipt } from './names/bitcoin/plan.js';
export type { PlanWorld, RunOptions, StepProgress } from './names/bitcoin/run.js';
export {
  announce,
  importName,
  preorderName,
  preorderNamespace,
  readyNamespace,
  registerName,
  renewName,
  revealNamespace,
  revokeName,
  transferName,
  transferTokens,
  updateName,
} from './names/bitcoin/builder.js';
export type { Recipe } from './names/bitcoin/builder.js';
export { pay, proposePayment } from './names/bitcoin/pay.js';
export type { Parties, PaymentWorld, PayOptions } from './names/bitcoin/pay.js';
export { combinePayments, finalizePayment, signPayment } from './names/bitcoin/payment.js';
export type { Payment } from './names/bitcoin/payment.js';

export { cached, memoryZones } from './zones/cached.js';
export type { ZoneShelf } from './zones/cached.js';
export { findZoneFile } from './zones/find.js';
export type { FindZoneFileOptions } from './zones/find.js';
export { publishing } from './zones/publish.js';
export { formatProfileZoneFile, formatZoneFile, hashZoneFile, parseZoneFile } from './zones/zonefile.js';
export type { TxtRecord, UriRecord, ZoneFile, ZoneFileContent, ZoneRecord } from './zones/zonefile.js';
export { isLoopbackHost, isPublicHost, profileUrls } from './zones/profileUrl.js';
export type { HostPredicate } from './zones/profileUrl.js';
export type { ZonePublisher, ZoneSource } from './zones/zones.js';

export { openProfile, signProfile } from './profiles/profile.js';
export type { Profile, ProfileOptions, SignProfileOptions } from './profiles/profile.js';
export { findProfile } from './profiles/profiles.js';
export type { FindProfileOptions, FoundProfile } from './profiles/profiles.js';

export { generateWords } from './wallet/mnemonic.js';
export { openWallet } from './wallet/wallet.js';
export type { Identity, PaymentKey, Wallet } from './wallet/wallet.js';
export { openWords, sealWords } from './wallet/backup.js';

export { answerAuthRequest } from './auth/answer.js';
export type { AnswerOptions } from './auth/answer.js';
export type { Channel } from './auth/channel.js';
export { makeAuthRequest, verifyAuthRequest } from './auth/request.js';
export type { AuthRequest, AuthRequestFields, Scope } from './auth/request.js';
export { makeAuthResponse, openAuthResponse, verifyAuthResponse } from './auth/response.js';
export type { AuthResponse, AuthResponseFields, OpenResponseOptions, SignedIn, VerifyResponseOptions } from './auth/response.js';
export { appKeyOfUser, memorySession, session } from './auth/session.js';
export type { Session, SessionOptions, SessionStore, UserData } from './auth/session.js';
export { declineUrl, responseUrl } from './auth/transport.js';

export { decrypted, encrypted } from './storage/encrypted.js';
export type { EncryptedOptions } from './storage/encrypted.js';
export { enveloped, envelopedBy } from './storage/enveloped.js';
export { signed, signedBy } from './storage/signed.js';
export type { Author } from './storage/content.js';
export { optimistic } from './storage/optimistic.js';
export { retrying } from './storage/retrying.js';
export type { RetryingOptions } from './storage/retrying.js';
export { sealed } from './storage/sealed.js';
export { under } from './storage/under.js';
export type { Condition, File, Head, Lister, PutOptions, Reader, Remover, Store, Writer } from './storage/store.js';
