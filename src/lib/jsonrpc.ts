import { orAborted, throwIfAborted, type CallOptions } from './clock.js';
import { isNamesteadError, NamesteadError } from './errors.js';
import { parseBounded } from './json.js';
import { asFields, type Fields } from './shape.js';
import { withoutSecrets } from './url.js';

/** The most bytes of a message that answers no call. */
const MOST_UNASKED_BYTES = 1 << 16;
/** Messages in a row that answer no call. */
const MOST_UNASKED = 1000;
/** The sum of the limits of all calls under way; more wait. */
const MOST_OUTSTANDING = 64 << 20;

/** What a connection tells the one who opened it. */
export interface Receiver {
  /** The most bytes that the message now coming in may have: what has more is not gathered. */
  room(): number;
  message(text: string): void;
  /** Told when the connection is over, whoever ended it. */
  closed(error: NamesteadError): void;
}

/** A connection that carries whole messages. `send` never throws: what cannot be sent ends the connection. */
export interface Connection {
  send(text: string): void;
  close(): void;
}

/**
 * Opens a connection that carries whole messages of text both ways; where they begin and end is the connection's own affair.
 * Nothing that comes in is believed, and a message larger than the receiver has room for ends it.
 * @throws NamesteadError `HttpFailed`, `Aborted`
 */
export type Connect = (url: string, receiver: Receiver, options?: CallOptions) => Promise<Connection>;

export interface JsonRpcCall extends CallOptions {
  /** The most bytes of the answer. Default 64 KiB. */
  readonly limit?: number | undefined;
  /** The most milliseconds from the call to the whole answer. Default 15,000. */
  readonly timeout?: number | undefined;
}

/** Calls (JSON-RPC 2.0, positional parameters) over one connection, many under way at once, answered in any order. */
export interface JsonRpcSession {
  /** Why no more calls can be made, or null. */
  over(): NamesteadError | null;
  /** @throws NamesteadError `ServerFailed` with the server's reason and `{code}` as cause; what ended the session otherwise; `Aborted` */
  call(method: string, params: readonly unknown[], options?: JsonRpcCall): Promise<unknown>;
  close(): void;
}

interface Pending {
  readonly what: string;
  readonly limit: number;
  resolve(result: unknown): void;
  reject(error: NamesteadError): void;
}

type State = { readonly at: 'opening' } | { readonly at: 'open'; readonly connection: Connection } | { readonly at: 'over'; readonly error: NamesteadError };

/**
 * Opens a session with a server of other people. Any break of the rules ends it for all calls: a message that is no answer, an id
 * nobody asked, an answer too large or too late, more news than anybody wants.
 * @throws NamesteadError as the connection fails
 */
export async function openSession(
  connect: Connect,
  url: string,
  // Time is the caller's: a signal that is aborted after so many milliseconds.
  { deadline, signal }: CallOptions & { readonly deadline: (ms: number) => AbortSignal },
): Promise<JsonRpcSession> {
  const self: { state: State } = { state: { at: 'opening' } };
  const where = withoutSecrets(url);
  const calls = createCalls(where);
  const turns = createTurns(MOST_OUTSTANDING);
  const end = (error: NamesteadError): void => {
    const { state } = self;
    if (state.at === 'over') return;
    self.state = { at: 'over', error };
    if (state.at === 'open') state.connection.close();
    calls.fail(error);
  };
  const message = (text: string): void => {
    try {
      if (self.state.at !== 'over') calls.take(text);
    } catch (error) {
      end(isNamesteadError(error) ? error : new NamesteadError('HttpMalformed', `${where} sent a message that cannot be read`, { cause: error }));
    }
  };
  const connection = await connect(url, { room: calls.room, message, closed: end }, { signal });
  if (self.state.at === 'opening') self.state = { at: 'open', connection };
  else connection.close();

  const ask = (what: string, method: string, params: readonly unknown[], limit: number, timeout: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (self.state.at === 'over') return void reject(self.state.error);
      const late = deadline(timeout);
      // An answer that comes by drops, or not at all, may stand before all others: the connection ends, not this call alone.
      const stop = (): void => end(new NamesteadError('HttpTimeout', `${what} had no whole answer after ${timeout} ms`));
      late.addEventListener('abort', stop, { once: true });
      const settled = <T>(tell: (value: T) => void) => {
        return (value: T): void => {
          late.removeEventListener('abort', stop);
          tell(value);
        };
      };
      const id = calls.add({ what, limit, resolve: settled(resolve), reject: settled<NamesteadError>(reject) });
      connection.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });

  return {
    over: () => (self.state.at === 'over' ? self.state.error : null),
    call: (method, params, { limit = MOST_UNASKED_BYTES, timeout = 15_000, signal: given } = {}) => {
      const what = `${where} ${method}`;
      const inTurn = async (): Promise<unknown> => {
        await turns.take(limit);
        // The turn is given back when the answer is there, not when the caller has lost interest: till then it takes its room.
        try {
          throwIfAborted(given, what);
          return await ask(what, method, params, limit, timeout);
        } finally {
          turns.give(limit);
        }
      };
      return orAborted(inTurn(), given, what);
    },
    close: () => end(new NamesteadError('HttpFailed', `the connection to ${where} was closed here`)),
  };
}

interface Calls {
  /** Answers the id under which the call is made. */
  add(call: Pending): number;
  /** @throws NamesteadError for a message that is no answer to any, nor news */
  take(text: string): void;
  fail(error: NamesteadError): void;
  room(): number;
}

/** The calls that wait for their answers. */
function createCalls(where: string): Calls {
  const pending = new Map<number, Pending>();
  let [lastId, unasked] = [0, 0];
  return {
    add: (call) => {
      pending.set(++lastId, call);
      return lastId;
    },
    take: (text) => {
      const answer = asFields(parse(text, where), `${where}: the message`);
      if (typeof answer['method'] === 'string') {
        if (++unasked > MOST_UNASKED) throw new NamesteadError('HttpTooLarge', `${where} sent more than ${MOST_UNASKED} messages that answer nothing`);
        return;
      }
      const { id } = answer;
      const call = typeof id === 'number' ? pending.get(id) : undefined;
      if (typeof id !== 'number' || !call) throw new NamesteadError('HttpMalformed', `${where} answered a call that was not made: ${text.slice(0, 100)}`);
      if (text.length > call.limit) throw new NamesteadError('HttpTooLarge', `${call.what} answered more than ${call.limit} bytes`);
      pending.delete(id);
      unasked = 0;
      settle(call, answer);
    },
    fail: (error) => {
      for (const call of pending.values()) call.reject(error);
      pending.clear();
    },
    room: () => [...pending.values()].reduce((most, { limit }) => Math.max(most, limit), MOST_UNASKED_BYTES),
  };
}

function parse(text: string, where: string): unknown {
  try {
    return parseBounded(text);
  } catch (cause) {
    throw new NamesteadError('HttpMalformed', `${where} sent no JSON: ${JSON.stringify(text.slice(0, 100))}`, { cause });
  }
}

function settle({ what, resolve, reject }: Pending, answer: Fields): void {
  const { error } = answer;
  if (error === null || error === undefined) return void resolve(answer['result']);
  const { code, message } = typeof error === 'object' ? (error as Fields) : { code: 0, message: error };
  const reason = typeof message === 'string' ? message.slice(0, 300) : 'no reason';
  reject(new NamesteadError('ServerFailed', `${what}: ${reason}`, { cause: { code: typeof code === 'number' ? code : 0, reason } }));
}

interface Turns {
  take(weight: number): Promise<void>;
  give(weight: number): void;
}

/** First come, first served, as long as the weights under way do not exceed `total`; one that is heavier goes alone. */
function createTurns(total: number): Turns {
  const waiting: { readonly weight: number; readonly start: () => void }[] = [];
  let taken = 0;
  const next = (): void => {
    for (let [first] = waiting; first && (taken === 0 || taken + first.weight <= total); [first] = waiting) {
      waiting.shift();
      taken += first.weight;
      first.start();
    }
  };
  return {
    take: (weight) =>
      new Promise((start) => {
        waiting.push({ weight, start });
        next();
      }),
    give: (weight) => {
      taken -= weight;
      next();
    },
  };
}
