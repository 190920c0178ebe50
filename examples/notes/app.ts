import { toHex, toUtf8, fromUtf8, type Client, type Resolved, type Store } from 'namestead';
import type { NotesConfig } from './config.js';
import { button, element, explain, make, show } from '../dom.js';
import { createWorld, notesOf } from './world.js';

const alertBox = element('alert', HTMLElement);
const statusBox = element('status', HTMLElement);
const list = element('list', HTMLUListElement);
const text = element('text', HTMLTextAreaElement);

/** Runs what a click or the start asks for: says what goes on, and what went wrong. */
async function attempt(doing: string, work: () => Promise<void>): Promise<void> {
  show(alertBox, false);
  statusBox.textContent = doing;
  show(statusBox, true);
  try {
    await work();
  } catch (error) {
    alertBox.textContent = explain(error);
    show(alertBox, true);
  } finally {
    show(statusBox, false);
  }
}

function showUser(name: string | null): void {
  show(element('welcome', HTMLElement), name === null);
  show(element('notes', HTMLElement), name !== null);
  show(element('account', HTMLElement), name !== null);
  element('who', HTMLElement).textContent = name ?? '';
  document.title = name === null ? 'Notes' : `Notes of ${name}`;
}

/** The newest first: a note's path begins with its time. */
async function showNotes(notes: Store): Promise<void> {
  const paths: string[] = [];
  for await (const path of notes.list()) paths.push(path);
  const rows = await Promise.all(
    paths
      .sort()
      .reverse()
      .map((path) => noteRow(notes, path)),
  );
  list.replaceChildren(...rows);
  show(element('empty', HTMLElement), rows.length === 0);
}

/** A note that does not open is shown as such, and hides no other. */
async function noteRow(notes: Store, path: string): Promise<HTMLLIElement> {
  const written = path.slice(0, 24).replace(/T(\d\d)-(\d\d)-/, 'T$1:$2:');
  const time = new Date(written).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
  const body = make('p', { class: 'note' });
  const actions = make('span', { class: 'row' });
  const row = make('li', { class: 'card' }, body, make('div', { class: 'row between' }, make('time', { class: 'faint', datetime: written }, time), actions));
  try {
    const file = await notes.get(path);
    const content = file === null ? '' : toUtf8(file.body);
    body.textContent = content;
    actions.append(
      button('Edit', `Edit the note of ${time}`, () => {
        editNote(notes, path, content, row);
      }),
    );
  } catch (error) {
    body.textContent = `This note is not as you wrote it: ${explain(error)}`;
    body.classList.add('bad');
  }
  actions.append(
    button('Delete', `Delete the note of ${time}`, () => {
      void attempt('Deleting …', async () => {
        await notes.remove(path);
        await showNotes(notes);
      });
    }),
  );
  return row;
}

function editNote(notes: Store, path: string, content: string, row: HTMLLIElement): void {
  const area = make('textarea', { rows: '3', required: '', maxlength: '20000', 'aria-label': 'Note' });
  area.value = content;
  const cancel = button('Cancel', 'Cancel', () => {
    void attempt('Reading …', () => showNotes(notes));
  });
  const form = make('form', { class: 'stack' }, area, make('div', { class: 'row' }, make('button', { type: 'submit' }, 'Save'), cancel));
  form.onsubmit = (event) => {
    event.preventDefault();
    void attempt('Encrypting and saving …', async () => {
      await notes.put(path, fromUtf8(area.value), { contentType: 'text/plain' });
      await showNotes(notes);
    });
  };
  row.replaceChildren(form);
  area.focus();
}

async function enter(client: Client): Promise<void> {
  const user = await client.user();
  showUser(user === null ? null : (user.username ?? user.identityAddress));
  if (user === null) return;
  const notes = notesOf(user);
  element('write', HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    void attempt('Encrypting and saving …', async () => {
      const path = `${new Date().toISOString().replaceAll(':', '-')}-${crypto.randomUUID().slice(0, 8)}.txt`;
      await notes.put(path, fromUtf8(text.value), { contentType: 'text/plain' });
      text.value = '';
      await showNotes(notes);
    });
  };
  await showNotes(notes);
}

/** What a name resolves to, how sure that is, and what nobody checked. */
function showResolved({ record, evidence, profile }: Resolved): void {
  const rows: readonly (readonly [string, string])[] = [
    ['Owner', record.owner],
    ['Zone file', record.zoneFileHash === null ? 'none' : toHex(record.zoneFileHash)],
    ['Profile', typeof profile?.claim['name'] === 'string' ? `${profile.claim['name']}, signed by the owner` : 'none'],
    ['Proved', `to level “${evidence.level}”, with nothing later up to block ${evidence.completeTo ?? '?'}`],
  ];
  const facts = rows.flatMap(([term, value]) => [make('dt', {}, term), make('dd', {}, value)]);
  const lines = [
    ...evidence.checked.map((line) => make('li', {}, line)),
    ...evidence.unchecked.map((line) => make('li', { class: 'open' }, `Not checked: ${line}`)),
  ];
  element('resolved', HTMLElement).replaceChildren(
    make('p', { class: 'badge' }, `✓ ${record.name}`),
    make('dl', {}, ...facts),
    make('details', {}, make('summary', {}, 'What was checked'), make('ul', { class: 'checks' }, ...lines)),
  );
}

async function start(): Promise<void> {
  const config = (await (await fetch('/config.json')).json()) as NotesConfig;
  const { client, wallet } = createWorld(config);

  element('sign-in', HTMLButtonElement).onclick = () => void attempt('Going to your wallet …', async () => void (await client.signIn()));
  element('sign-out', HTMLButtonElement).onclick = () =>
    void attempt('Signing out …', async () => {
      await client.signOut();
      list.replaceChildren();
      showUser(null);
    });
  element('resolve', HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    element('resolved', HTMLElement).replaceChildren();
    void attempt('Checking Bitcoin’s headers and the name’s history …', async () => {
      showResolved(await client.resolve(element('name', HTMLInputElement).value.trim().toLowerCase()));
    });
  };
  // Whoever comes back from the wallet by the browser's button finds the page as it was left.
  window.addEventListener('pageshow', () => {
    show(statusBox, false);
  });

  const response = wallet.take();
  if (response !== null) {
    await client.signIn({ response }).catch(async (error: unknown) => {
      showUser(null);
      throw error;
    });
  }
  await enter(client);
}

await attempt('Checking who signed in …', start);
