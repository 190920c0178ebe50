import { fromBase64, fromUtf8, toBase64, toUtf8Strict } from './bytes.js';
import type { CallOptions } from './clock.js';
import { NamesteadError } from './errors.js';
import { expectOk, parseJson, type Http } from './http.js';
import { withoutSecrets } from './url.js';

/** What XML-RPC can carry: string, int (32 bits), double, boolean, nil, base64, array, struct. */
export type XmlRpcValue = string | number | boolean | null | Uint8Array | readonly XmlRpcValue[] | { readonly [name: string]: XmlRpcValue };

/** Deeper values than this are refused, in and out. */
const MAX_DEPTH = 16;
/** More values than this in one document are refused: they cost memory long before the byte limit of the transport. */
const MAX_VALUES = 20_000;

/** A call as CPython's xmlrpclib writes it, byte for byte: what the nodes of BNS were asked with. */
export function encodeCall(method: string, params: readonly XmlRpcValue[]): string {
  const body = params.map((param) => `<param>\n${encodeValue(param, 0)}</param>\n`).join('');
  return `<?xml version='1.0'?>\n<methodCall>\n<methodName>${escape(method)}</methodName>\n<params>\n${body}</params>\n</methodCall>\n`;
}

/** An answer as CPython's xmlrpclib writes it. */
export function encodeResponse(value: XmlRpcValue): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n${encodeValue(value, 0)}</param>\n</params>\n</methodResponse>\n`;
}

/** A refusal of the call itself; refusals by the method travel as a normal answer in BNS. */
export function encodeFault(code: number, message: string): string {
  return `<?xml version='1.0'?>\n<methodResponse>\n<fault>\n${encodeValue({ faultCode: code, faultString: message }, 0)}</fault>\n</methodResponse>\n`;
}

/** Reads a call. @throws NamesteadError `Malformed` */
export function parseCall(text: string): { readonly method: string; readonly params: readonly XmlRpcValue[] } {
  const from = scanner(text);
  from.open('methodCall');
  from.open('methodName');
  const method = from.text().trim();
  from.close('methodName');
  if (!/^[A-Za-z0-9_.:/]{1,128}$/.test(method)) throw malformed('holds no usable method name');
  const params: XmlRpcValue[] = [];
  if (from.tryOpen('params')) {
    while (from.tryOpen('param')) {
      params.push(readValue(from, 0));
      from.close('param');
    }
    from.close('params');
  }
  from.close('methodCall');
  from.end();
  return { method, params };
}

/** Reads an answer's value. @throws NamesteadError `Malformed`; `ServerFailed` when the answer is a fault */
export function parseResponse(text: string): XmlRpcValue {
  const from = scanner(text);
  from.open('methodResponse');
  const fault = from.tryOpen('fault');
  if (!fault) {
    from.open('params');
    from.open('param');
  }
  const value = readValue(from, 0);
  for (const name of fault ? ['fault'] : ['param', 'params']) from.close(name);
  from.close('methodResponse');
  from.end();
  if (fault) throw new NamesteadError('ServerFailed', `the server answered the fault ${describeFault(value)}`);
  return value;
}

/**
 * Calls a BNS node, whose answers are one XML-RPC string that holds JSON, and returns that text: JSON numbers such as
 * `6250.0` and `6250` differ for consensus, so who cares reads the text itself. `limit` counts the bytes of the answer.
 * @throws NamesteadError `Http…`, `HttpMalformed` when the answer is no XML-RPC string, `ServerFailed` for a fault
 */
export async function callJsonText(
  http: Http,
  url: string,
  method: string,
  params: readonly XmlRpcValue[],
  options: CallOptions & { readonly limit?: number; readonly timeout?: number } = {},
): Promise<string> {
  const answer = expectOk(
    await http(url, { ...options, method: 'POST', headers: { 'content-type': 'text/xml' }, body: encodeCall(method, params) }),
    `${method} at ${withoutSecrets(url)}`,
  );
  try {
    return parseTextResponse(toUtf8Strict(answer.body));
  } catch (cause) {
    if (cause instanceof NamesteadError && cause.code === 'ServerFailed') throw cause;
    throw new NamesteadError('HttpMalformed', `${method} at ${withoutSecrets(url)} answered no XML-RPC string of JSON`, { cause });
  }
}

// No two runs of white space touch: a megabyte of blanks must not be tried in every way of cutting it.
const TEXT_RESPONSE =
  /^(?:<\?xml[^<>]{0,200}\?>\s*)?<methodResponse>\s*<params>\s*<param>\s*<value>(?:\s*<string>([^<]*)<\/string>\s*|([^<]*))<\/value>\s*<\/param>\s*<\/params>\s*<\/methodResponse>$/;
const FAULT = /<name>faultString<\/name>\s*<value>\s*(?:<string>)?([^<]{0,200})/;

/** {@link parseResponse} for answers that are one string, and all that a client of a BNS node carries with it. */
function parseTextResponse(text: string): string {
  const fault = FAULT.exec(text);
  if (fault) throw new NamesteadError('ServerFailed', `the server answered the fault ${fault[1] ?? ''}`);
  const found = TEXT_RESPONSE.exec(text.trim());
  if (!found) throw malformed('is no answer of one string');
  return unescape(found[1] ?? found[2] ?? '');
}

/** As {@link callJsonText}, parsed. @throws NamesteadError also `HttpMalformed` when the text is no JSON */
export async function callJson(...call: Parameters<typeof callJsonText>): Promise<unknown> {
  const text = await callJsonText(...call);
  return parseJson(fromUtf8(text), `${call[2]} at ${withoutSecrets(call[1])}`);
}

function encodeValue(value: XmlRpcValue, depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError(`an XML-RPC value is nested deeper than ${MAX_DEPTH}`);
  return `<value>${encodeInner(value, depth)}</value>\n`;
}

function encodeInner(value: XmlRpcValue, depth: number): string {
  if (value === null) return '<nil/>';
  if (typeof value === 'string') return `<string>${escape(value)}</string>`;
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`;
  if (typeof value === 'number') return encodeNumber(value);
  if (value instanceof Uint8Array) return `<base64>\n${toBase64(value)}\n</base64>`;
  if (isArray(value)) return `<array><data>\n${value.map((item) => encodeValue(item, depth + 1)).join('')}</data></array>`;
  const members = Object.entries(value).map(([name, member]) => `<member>\n<name>${escape(name)}</name>\n${encodeValue(member, depth + 1)}</member>\n`);
  return `<struct>\n${members.join('')}</struct>`;
}

function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError('XML-RPC has no number for NaN or infinity');
  if (!Number.isInteger(value)) return `<double>${value}</double>`;
  if (Math.abs(value) > 0x7fffffff) throw new TypeError('an XML-RPC int has 32 bits');
  return `<int>${value}</int>`;
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function isArray(value: XmlRpcValue): value is readonly XmlRpcValue[] {
  return Array.isArray(value);
}

function readValue(from: Scanner, depth: number): XmlRpcValue {
  if (depth > MAX_DEPTH) throw malformed(`is nested deeper than ${MAX_DEPTH}`);
  from.count();
  from.open('value');
  const type = from.peek();
  const value = type === null ? from.text() : readTyped(from, type, depth);
  from.close('value');
  return value;
}

function readTyped(from: Scanner, type: string, depth: number): XmlRpcValue {
  if (type === 'nil/') {
    from.empty('nil');
    return null;
  }
  if (type === 'string/') {
    from.empty('string');
    return '';
  }
  from.open(type);
  const value = readInner(from, type, depth);
  from.close(type);
  return value;
}

function readInner(from: Scanner, type: string, depth: number): XmlRpcValue {
  switch (type) {
    case 'string':
      return from.text();
    case 'int':
    case 'i4':
    case 'i8':
      return readNumber(from.text(), /^[+-]?\d{1,16}$/, type);
    case 'double':
      return readNumber(from.text(), /^[+-]?\d{1,40}(?:\.\d{0,40})?(?:e[+-]?\d{1,3})?$/i, type);
    case 'boolean':
      return readBoolean(from.text());
    case 'base64':
      return readBase64(from.text());
    case 'nil':
      return null;
    case 'array':
      return readArray(from, depth);
    case 'struct':
      return readStruct(from, depth);
    default:
      throw malformed(`holds a value of the unknown type ${JSON.stringify(type.slice(0, 40))}`);
  }
}

function readNumber(text: string, shape: RegExp, type: string): number {
  const value = Number(text.trim());
  if (!shape.test(text.trim()) || !Number.isFinite(value) || (type !== 'double' && !Number.isSafeInteger(value)))
    throw malformed(`holds an ill-formed ${type}`);
  return value;
}

function readBoolean(text: string): boolean {
  if (text !== '0' && text !== '1') throw malformed('holds an ill-formed boolean');
  return text === '1';
}

function readBase64(text: string): Uint8Array {
  return fromBase64(text.replace(/\s+/g, ''));
}

function readArray(from: Scanner, depth: number): XmlRpcValue[] {
  const items: XmlRpcValue[] = [];
  if (from.peek() === 'data/') {
    from.empty('data');
    return items;
  }
  from.open('data');
  while (from.peek() === 'value') items.push(readValue(from, depth + 1));
  from.close('data');
  return items;
}

function readStruct(from: Scanner, depth: number): { [name: string]: XmlRpcValue } {
  const members: [string, XmlRpcValue][] = [];
  while (from.tryOpen('member')) {
    from.open('name');
    const name = from.text();
    from.close('name');
    members.push([name, readValue(from, depth + 1)]);
    from.close('member');
  }
  // fromEntries defines own properties, so that a member called __proto__ stays data.
  return Object.fromEntries(members);
}

function describeFault(value: XmlRpcValue): string {
  const fault = typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !isArray(value) ? value : {};
  const { faultCode, faultString } = fault;
  return `${typeof faultCode === 'number' ? faultCode : '?'}: ${typeof faultString === 'string' ? faultString.slice(0, 200) : '(no text)'}`;
}

interface Scanner {
  /** The name of the tag that follows white space (`nil/` when self-closing), null when a closing tag or text follows. */
  peek(): string | null;
  open(name: string): void;
  tryOpen(name: string): boolean;
  close(name: string): void;
  /** A self-closing tag. */
  empty(name: string): void;
  /** Character data up to the next tag, entities resolved. */
  text(): string;
  count(): void;
  end(): void;
}

/** The subset of XML that XML-RPC needs: a prolog, tags without attributes, text. No doctype, so no entity of the sender's making. */
function scanner(text: string): Scanner {
  let at = /^\uFEFF?\s*(?:<\?xml[^<>]{0,200}\?>)?/.exec(text)?.[0].length ?? 0;
  let values = 0;
  const TAG = /\s*<([A-Za-z][A-Za-z0-9]{0,31})\s*(\/?)>/y;
  const CLOSING = /\s*<\/([A-Za-z][A-Za-z0-9]{0,31})\s*>/y;
  const match = (shape: RegExp): RegExpExecArray | null => {
    shape.lastIndex = at;
    return shape.exec(text);
  };
  const self: Scanner = {
    peek: () => {
      const tag = match(TAG);
      return tag ? `${tag[1]}${tag[2]}` : null;
    },
    tryOpen: (name) => {
      const tag = match(TAG);
      if (tag?.[1] !== name || tag[2] !== '') return false;
      at += tag[0].length;
      return true;
    },
    open: (name) => {
      if (!self.tryOpen(name)) throw malformed(`lacks <${name}> at character ${at}`);
    },
    close: (name) => {
      const tag = match(CLOSING);
      if (tag?.[1] !== name) throw malformed(`lacks </${name}> at character ${at}`);
      at += tag[0].length;
    },
    empty: (name) => {
      const tag = match(TAG);
      if (tag?.[1] !== name || tag[2] !== '/') throw malformed(`lacks <${name}/> at character ${at}`);
      at += tag[0].length;
    },
    text: () => {
      const end = text.indexOf('<', at);
      if (end < 0) throw malformed('ends inside a value');
      const raw = text.slice(at, end);
      at = end;
      return unescape(raw);
    },
    count: () => {
      if (++values > MAX_VALUES) throw malformed(`holds more than ${MAX_VALUES} values`);
    },
    end: () => {
      if (text.slice(at).trim() !== '') throw malformed(`goes on after its end at character ${at}`);
    },
  };
  return self;
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescape(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,10})(;?)/g, (_, entity: string, end: string) => {
    const character = end === ';' ? (Object.hasOwn(NAMED, entity) ? NAMED[entity] : numbered(entity)) : undefined;
    if (character === undefined) throw malformed(`holds the unknown entity &${entity.replace(/[^\x21-\x7e]/g, '?')}`);
    return character;
  });
}

function numbered(entity: string): string | undefined {
  const code = /^#x[0-9a-f]{1,6}$/i.test(entity) ? Number.parseInt(entity.slice(2), 16) : /^#\d{1,7}$/.test(entity) ? Number(entity.slice(1)) : -1;
  const allowed = code === 9 || code === 10 || code === 13 || (code >= 0x20 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff));
  return allowed ? String.fromCodePoint(code) : undefined;
}

function malformed(what: string): NamesteadError {
  return new NamesteadError('Malformed', `the XML-RPC document ${what}`);
}
