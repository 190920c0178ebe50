import { isNamesteadError } from 'namestead';

/** The element with an id of the page. */
export function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new TypeError(`the page has no ${type.name} #${id}`);
  return found;
}

/** A new element. Text is text: what others wrote never becomes markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function show(node: HTMLElement, visible: boolean): void {
  node.hidden = !visible;
}

export function button(label: string, name: string, act: () => void): HTMLButtonElement {
  const made = make('button', { type: 'button', class: 'quiet', 'aria-label': name }, label);
  made.onclick = act;
  return made;
}

/** What people are told of an error: what happened, and its code for those who look it up. */
export function explain(error: unknown): string {
  if (isNamesteadError(error, 'SignInRejected')) return 'You said no in the wallet, so you are not signed in.';
  if (isNamesteadError(error, 'PreconditionFailed')) return 'This note was changed somewhere else. Reload the page, then change it again.';
  if (isNamesteadError(error)) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}
