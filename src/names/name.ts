import { NamesteadError } from '../lib/errors.js';

/** The longest name with its namespace, and the longest namespace id, in characters; BNS (b.1). */
export const NAME_LENGTH = 37;
export const NAMESPACE_LENGTH = 19;

const PART = /^[a-z0-9_-]+$/;
const SUBDOMAIN_LABEL = /^[a-z0-9_+-]+$/;

/** A fully qualified name taken apart: `alice.id` is label `alice` in namespace `id`. */
export interface Name {
  readonly name: string;
  readonly label: string;
  readonly namespace: string;
}

/** A subdomain taken apart: `bob.alice.id` is label `bob` under the name `alice.id`. */
export interface Subdomain {
  readonly subdomain: string;
  readonly label: string;
  readonly name: string;
}

/**
 * Reads a name such as `alice.id`: two parts of `a-z 0-9 - _`, at most 37 characters in all and 19 in the namespace; BNS (b.1).
 * Nothing is folded or trimmed: `Alice.id` is refused.
 * @throws NamesteadError `NameInvalid`
 * @example parseName('alice.id').namespace // 'id'
 */
export function parseName(text: string): Name {
  const [label = '', namespace = '', ...more] = text.split('.');
  if (more.length > 0 || !PART.test(label) || !isNamespaceValid(namespace) || text.length > NAME_LENGTH) {
    throw new NamesteadError(
      'NameInvalid',
      `${quoted(text)} is not a name: write label.namespace in a-z, 0-9, - and _, with at most ${NAME_LENGTH} characters`,
    );
  }
  return { name: text, label, namespace };
}

/** True for a name that {@link parseName} reads, such as `alice.id`. */
export function isNameValid(text: string): boolean {
  try {
    return parseName(text).name === text;
  } catch {
    return false;
  }
}

/** True for a namespace id: 1 to 19 of `a-z 0-9 - _`; BNS (b.1). */
export function isNamespaceValid(text: string): boolean {
  return text.length <= NAMESPACE_LENGTH && PART.test(text);
}

/**
 * Reads a subdomain such as `bob.alice.id`; its own label may hold `+` and has no length of its own; BNS (b.1).
 * @throws NamesteadError `NameInvalid`
 */
export function parseSubdomain(text: string): Subdomain {
  const dot = text.indexOf('.');
  const label = text.slice(0, Math.max(dot, 0));
  if (!SUBDOMAIN_LABEL.test(label)) throw new NamesteadError('NameInvalid', `${quoted(text)} is not a subdomain: write label.name.namespace`);
  return { subdomain: text, label, name: parseName(text.slice(dot + 1)).name };
}

export function isSubdomainValid(text: string): boolean {
  try {
    return parseSubdomain(text).subdomain === text;
  } catch {
    return false;
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
