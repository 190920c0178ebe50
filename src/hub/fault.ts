/** What a hub answers when it refuses; the names and status codes are those every client knows. */
const STATUS = {
  ValidationError: 401,
  AuthTokenTimestampValidationError: 401,
  NotEnoughProofError: 402,
  BadPathError: 403,
  DoesNotExist: 404,
  ConflictError: 409,
  PreconditionFailedError: 412,
  PayloadTooLargeError: 413,
} as const;

export type FaultName = keyof typeof STATUS;

/** A refusal on its way to the client. */
export class HubFault extends Error {
  override readonly name: FaultName;
  readonly status: number;

  constructor(name: FaultName, message: string) {
    super(message);
    this.name = name;
    this.status = STATUS[name];
  }
}

/** Refusals that clients know as a page. */
export class PageFault extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
