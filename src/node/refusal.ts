const STATUS = /* @__PURE__ */ Symbol('status');

/** What a caller of the node did wrong, with the status it is told. */
export interface Refusal extends Error {
  readonly [STATUS]: number;
}

export function refusal(status: number, message: string): Refusal {
  return Object.assign(new Error(message), { [STATUS]: status });
}

/** The status of a refusal; null for any other error. */
export function statusOf(error: unknown): number | null {
  return error instanceof Error && STATUS in error ? (error as Refusal)[STATUS] : null;
}
