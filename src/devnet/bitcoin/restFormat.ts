import { toHex } from '../../lib/bytes.js';
import { binary, json, text, type Reply } from './server.js';

export const INVALID_HASH = 'Invalid hash: 64 hex digits are expected';

export function inFormat(format: string, bytes: Uint8Array, value: () => unknown): Reply {
  if (format === 'bin') return binary(bytes);
  if (format === 'hex') return text(200, `${toHex(bytes)}\n`);
  if (format === 'json') return json(value());
  return text(404, 'output format not found (available: .bin, .hex, .json)');
}
