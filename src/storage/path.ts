import { NamesteadError } from '../lib/errors.js';

/**
 * Checks a path: segments joined by `/`, none of them empty, `.` or holding `..`, at most 100 of them and 4,096 characters in all.
 * Every hub refuses `..` anywhere, even inside a name, so every store here does.
 *
 * @throws NamesteadError `PathInvalid`
 */
export function parsePath(path: string): string {
  const fault = faultOf(path);
  if (fault !== null) throw new NamesteadError('PathInvalid', `${JSON.stringify(path.slice(0, 100))} is no path: ${fault}`);
  return path;
}

function faultOf(path: string): string | null {
  const segments = path.split('/');
  if (path.length > 4096) return 'it has more than 4,096 characters';
  if (segments.length > 100) return 'it has more than 100 segments';
  if (segments.includes('')) return 'a segment is empty, or it starts or ends with a slash';
  if (segments.includes('.') || path.includes('..')) return 'it holds a dot segment';
  if (path.includes('\0')) return 'it holds a zero character';
  if (/\p{Cs}/u.test(path)) return 'it is not well-formed Unicode';
  return null;
}

/** The path as it stands in a URL. Peers send it raw, which loses whatever follows `?` or `#` and decodes `%`. */
export function encodePath(path: string): string {
  return parsePath(path).split('/').map(encodeURIComponent).join('/');
}
