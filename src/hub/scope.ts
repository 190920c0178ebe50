import { fault } from './fault.js';
import type { Fault } from './fault.js';

const SCOPES = ['putFile', 'putFilePrefix', 'putFileArchival', 'putFileArchivalPrefix', 'deleteFile', 'deleteFilePrefix'] as const;
const MOST = 8;

/** One permission of a token: `domain` is a path inside the bucket, or a prefix of paths. */
export interface Scope {
  readonly scope: (typeof SCOPES)[number];
  readonly domain: string;
}

/** The scopes of a token, null when they are malformed, unknown or more than eight. None at all means full access. */
export function parseScopes(value: unknown): readonly Scope[] | null {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > MOST) return null;
  const scopes = value.map(parseScope);
  return scopes.every((scope) => scope !== null) ? scopes : null;
}

/** True when the token may only add: what it overwrites or deletes is kept under another name. */
export function isArchival(scopes: readonly Scope[]): boolean {
  return scopes.some(({ scope }) => scope === 'putFileArchival' || scope === 'putFileArchivalPrefix');
}

/**
 * Lets an action pass when the scopes do. Only scopes of the same action restrict it: a token that may only delete may still write anything.
 *
 * @throws Fault ValidationError
 */
export function requireScope(scopes: readonly Scope[], action: 'put' | 'delete', address: string, path: string): void {
  if (isArchival(scopes) && !covers(scopes, 'putFileArchival', path)) throw refusal(address, 'modify', path);
  const limited = scopes.some(({ scope }) => scope === `${action}File` || scope === `${action}FilePrefix`);
  if (limited && !covers(scopes, `${action}File`, path)) throw refusal(address, action === 'put' ? 'write to' : 'delete from', path);
}

function refusal(address: string, action: string, path: string): Fault {
  return fault('ValidationError', `Address ${address} not authorized to ${action} ${path} by scopes`);
}

function covers(scopes: readonly Scope[], name: 'putFile' | 'putFileArchival' | 'deleteFile', path: string): boolean {
  return scopes.some(({ scope, domain }) => (scope === name && path === domain) || (scope === `${name}Prefix` && path.startsWith(domain)));
}

function parseScope(value: unknown): Scope | null {
  const { scope, domain } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const known = SCOPES.find((each) => each === scope);
  return known !== undefined && typeof domain === 'string' ? { scope: known, domain } : null;
}
