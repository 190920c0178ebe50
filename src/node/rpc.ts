import { encodeFault, encodeResponse, parseCall } from '../lib/xmlrpc.js';
import { isNamesteadError } from '../lib/errors.js';
import { lastBlock, type Context } from './context.js';
import { formatJson, type Json } from './json.js';
import { methods, staleness, type Caller } from './methods.js';
import { statusOf } from './refusal.js';

/** What a node says that has too much to do (atlas.md a.1). */
export const OVERLOADED = '{"status": false, "indexing": false, "lastblock": -1, "error": "overloaded", "http_status": 429}';

/**
 * Answers an XML-RPC call with one string of JSON (atlas.md a.1). Whatever a method refuses is said in the JSON; only what is no
 * call at all is a fault.
 */
export async function answerCall(context: Context, body: string, caller: Caller): Promise<string> {
  try {
    const { method, params } = parseCall(body);
    return encodeResponse(await answerMethod(context, method, params, caller));
  } catch (error) {
    if (isNamesteadError(error, 'Malformed')) return encodeFault(1, error.message);
    throw error;
  }
}

async function answerMethod(context: Context, name: string, params: readonly Parameters<typeof encodeResponse>[0][], caller: Caller): Promise<string> {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!method) return refused(404, `method "${name}" is not supported`);
  if (params.length !== method.arity) return refused(400, `${name} takes ${method.arity} arguments, ${params.length} were given`);
  try {
    const answer = await method.answer(context, params, caller);
    return formatJson(method.bare ? answer : envelope(context, answer));
  } catch (error) {
    const status = statusOf(error);
    if (status !== null && error instanceof Error) return refused(status, error.message);
    throw error;
  }
}

function envelope(context: Context, answer: { readonly [name: string]: Json | undefined }): Json {
  const { indexing, stale } = context.standing();
  return { status: true, indexing, lastblock: lastBlock(context), ...staleness(stale), ...answer };
}

function refused(status: number, error: string): string {
  return formatJson({ error, http_status: status });
}
