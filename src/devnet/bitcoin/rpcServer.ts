import { fromUtf8, toBase64, toUtf8 } from '../../lib/bytes.js';
import { parseBounded } from '../../lib/json.js';
import { RpcError } from './errors.js';
import type { Rpc } from './node.js';
import { json, text, type Reply, type Request } from './server.js';

/** As bitcoind: a call in one POST, or many in an array; version 2.0 answers errors with status 200. */
export async function answerRpc(rpc: Rpc, credentials: { readonly user: string; readonly password: string }, request: Request): Promise<Reply> {
  if (request.method !== 'POST') return text(405, 'JSONRPC server handles only POST requests');
  if (request.authorization !== `Basic ${toBase64(fromUtf8(`${credentials.user}:${credentials.password}`))}`) {
    return { ...text(401, ''), headers: { 'www-authenticate': 'Basic realm="jsonrpc"' } };
  }
  let parsed: unknown;
  try {
    parsed = parseBounded(toUtf8(request.body));
  } catch {
    return json(failure({ id: null }, -32700, 'Parse error'), 500);
  }
  if (Array.isArray(parsed)) {
    const answers: unknown[] = [];
    for (const call of parsed as unknown[]) answers.push((await answerCall(rpc, call)).body);
    return json(answers);
  }
  const { body, code } = await answerCall(rpc, parsed);
  return json(body, code === 0 || isVersion2(parsed) ? 200 : code === -32601 ? 404 : code === -32600 ? 400 : 500);
}

async function answerCall(rpc: Rpc, call: unknown): Promise<{ body: unknown; code: number }> {
  const { id = null, method, params = [] } = typeof call === 'object' && call !== null ? (call as Record<string, unknown>) : {};
  const refuse = (code: number, message: string): { body: unknown; code: number } => ({
    body: failure({ id, version2: isVersion2(call) }, code, message),
    code,
  });
  if (typeof method !== 'string') return refuse(-32600, typeof call === 'object' && call !== null ? 'Missing method' : 'Invalid Request object');
  if (!Array.isArray(params) && params !== null) return refuse(-32600, 'Params must be an array: this node knows no named parameters');
  try {
    const result = await rpc(method, (params ?? []) as unknown[]);
    return { body: isVersion2(call) ? { jsonrpc: '2.0', result, id } : { result, error: null, id }, code: 0 };
  } catch (error) {
    if (error instanceof RpcError) return refuse(error.code, error.message);
    return refuse(-32603, 'the node failed');
  }
}

function isVersion2(call: unknown): boolean {
  return typeof call === 'object' && call !== null && 'jsonrpc' in call && call.jsonrpc === '2.0';
}

function failure({ id, version2 = false }: { readonly id: unknown; readonly version2?: boolean }, code: number, message: string): unknown {
  const error = { code, message };
  return version2 ? { jsonrpc: '2.0', error, id } : { result: null, error, id };
}
