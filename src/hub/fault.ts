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
  OverloadedError: 503,
} as const;

export type FaultName = keyof typeof STATUS;

/** A refusal on its way to the client, who knows it as JSON or as a page. */
export interface Fault extends Error {
  readonly status: number;
  readonly form: 'json' | 'page';
}

export function fault(name: FaultName, message: string): Fault {
  return Object.assign(new Error(message), { name, status: STATUS[name], form: 'json' as const });
}

export function pageFault(status: number, message: string): Fault {
  return Object.assign(new Error(message), { status, form: 'page' as const });
}

export function isFault(error: unknown): error is Fault {
  return error instanceof Error && 'form' in error && 'status' in error;
}
