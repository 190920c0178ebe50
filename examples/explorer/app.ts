import { isNamesteadError, toHex, type Evidence, type Level, type NameRecord, type Progress } from 'namestead';
import { element, explain, make, show } from '../dom.js';
import type { ExplorerConfig } from './config.js';
import { openExplorer, type Explorer } from './world.js';

const alertBox = element('alert', HTMLElement);
const answer = element('answer', HTMLElement);
const bar = element('bar', HTMLProgressElement);
const doing = element('doing', HTMLElement);

/** What each level rests on, in the order of strength. */
const chains: Readonly<Record<'snv' | 'history' | 'replay', readonly string[]>> = {
  snv: ['Headers with work', 'Consensus hash you hold', 'Operation in its block', 'Owner'],
  history: ['Headers with work', 'Consensus hash you hold', 'Operation in its block', 'Nothing later by two servers', 'Owner'],
  replay: ['Headers with work', 'Every block', 'Rules folded here', 'Owner'],
};

const words: Readonly<Record<string, string>> = {
  headers: 'Headers',
  consensus: 'Consensus hashes',
  operations: 'Operations of later blocks',
  replay: 'Blocks',
  history: 'Histories',
};

function tell({ stage, done, total }: Progress): void {
  doing.textContent = `${words[stage] ?? stage}: ${done}${total === undefined ? '' : ` of ${total}`}`;
  if (total === undefined) bar.removeAttribute('value');
  else {
    bar.max = total;
    bar.value = done;
  }
}

/** Runs what a click asks for: shows how far it is, and what went wrong. */
async function attempt(work: () => Promise<void>): Promise<void> {
  show(alertBox, false);
  show(element('progress', HTMLElement), true);
  answer.replaceChildren();
  try {
    await work();
  } catch (error) {
    alertBox.textContent = isNamesteadError(error) ? explain(error) : `This page failed: ${explain(error)}`;
    show(alertBox, true);
  } finally {
    show(element('progress', HTMLElement), false);
  }
}

function showRecord(title: string, { name, owner, zoneFileHash, height, expiresAt }: NameRecord, evidence: Evidence, more: readonly string[] = []): void {
  const { level, asOf, operators, checked, unchecked, pending, warnings } = evidence;
  const row = (term: string, value: string): Node[] => [make('dt', {}, term), make('dd', {}, value)];
  const list = (kind: string, lines: readonly string[]): Node => make('ul', { class: `checks ${kind}` }, ...lines.map((line) => make('li', {}, line)));
  answer.replaceChildren(
    make('span', { class: 'badge' }, title),
    picture(level),
    make(
      'dl',
      {},
      ...row('Name', name),
      ...row('Owner', owner),
      ...row('Zone file', zoneFileHash ? toHex(zoneFileHash) : 'none'),
      ...row('Since block', String(height)),
      ...row('Until block', expiresAt === null ? 'for ever' : String(expiresAt)),
      ...row('As of block', `${asOf.height}, ${new Date(asOf.time * 1000).toLocaleString()}`),
      ...row('Asked', operators.join(', ')),
    ),
    make('details', {}, make('summary', {}, `${checked.length} checks`), list('', checked)),
    list('open', [...unchecked, ...more, ...warnings, ...pending.map((txid) => `transaction ${txid} may yet be undone`)]),
  );
}

/** The chain of trust as boxes and arrows. */
function picture(level: Level): HTMLElement {
  const steps = level === 'snv' || level === 'history' || level === 'replay' ? chains[level] : [level];
  return make('ol', { class: 'chain', 'aria-label': 'What stands on what' }, ...steps.map((step) => make('li', {}, step)));
}

async function lookUp(explorer: Explorer, name: string, level: Level): Promise<void> {
  const found = await explorer.lookup(name, level, tell);
  element('tip', HTMLElement).textContent = `${explorer.chain.tip().height} headers checked here`;
  if (found) showRecord(`✓ Proved in this page, level ${found.evidence.level}`, found.record, found.evidence);
  else answer.replaceChildren(make('span', { class: 'badge' }, `✓ Proved in this page: nobody owns ${name}`), picture(level));
}

async function download(explorer: Explorer, name: string): Promise<void> {
  const file = await explorer.prove(name, tell);
  const url = URL.createObjectURL(new Blob([file.slice()], { type: 'application/octet-stream' }));
  make('a', { href: url, download: `${name}.proof` }).click();
  answer.replaceChildren(make('p', {}, `${file.length} bytes. Whoever holds the same anchor can check them without asking anybody.`));
}

async function check(explorer: Explorer, file: Blob): Promise<void> {
  const { record, evidence, notCovered } = explorer.verify(new Uint8Array(await file.arrayBuffer()));
  showRecord('✓ This file proves it', record, evidence, [`operations in the blocks ${notCovered.from} to ${notCovered.to}`]);
}

const config = (await (await fetch('/config.json')).json()) as ExplorerConfig;
const explorer = await openExplorer(config);
const name = element('name', HTMLInputElement);
element('tip', HTMLElement).textContent = `${explorer.chain.tip().height} headers kept from before`;
element('look', HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  void attempt(() => lookUp(explorer, name.value.trim(), element('level', HTMLSelectElement).value as Level));
};
element('prove', HTMLButtonElement).onclick = () => void attempt(() => download(explorer, name.value.trim()));
const input = element('file', HTMLInputElement);
input.onchange = () => {
  const [file] = input.files ?? [];
  if (file) void attempt(() => check(explorer, file));
};
