import { fromHex, toUtf8 } from '../lib/bytes.js';
import { NamesteadError } from '../lib/errors.js';

/** Slots of one inventory page of the 2.x network (atlas.md b.2). */
const PAGE_SLOTS = 64;
const MAX_PAGES = 8;

/** The body of `GET /v2/attachments/<hash>`: a bare JSON string of hex. Check the hash of what it gives. @throws NamesteadError `Malformed` */
export function parseAttachment(body: Uint8Array | string): Uint8Array {
  const value = parse(typeof body === 'string' ? body : toUtf8(body));
  if (typeof value !== 'string' || value.length > 2 << 20) throw malformed('an attachment is a JSON string of hex, 1 MiB at the most');
  return fromHex(value);
}

/** The numbers of one page, 0 or 1 for each slot, of the attachments that are there. */
export function formatAttachmentPage(available: readonly number[], index: number): number[] {
  return Array.from({ length: PAGE_SLOTS }, (_, slot) => (available.includes(index * PAGE_SLOTS + slot) ? 1 : 0));
}

/** The attachment indexes that `GET /v2/attachments/inv` says are there, in the order of its pages. @throws NamesteadError `Malformed` */
export function parseAttachmentInventory(body: unknown): number[] {
  const { pages } = (typeof body === 'object' && body !== null ? body : {}) as { pages?: unknown };
  if (!Array.isArray(pages) || pages.length > MAX_PAGES) throw malformed(`an attachment inventory holds at most ${MAX_PAGES} pages`);
  return pages.flatMap((page: unknown) => parsePage(page));
}

function parsePage(page: unknown): number[] {
  const { index, inventory } = (typeof page === 'object' && page !== null ? page : {}) as { index?: unknown; inventory?: unknown };
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0 || index > 0xffffffff / PAGE_SLOTS) throw malformed('a page has no usable index');
  if (!Array.isArray(inventory) || inventory.length !== PAGE_SLOTS || !inventory.every((slot) => slot === 0 || slot === 1)) {
    throw malformed(`a page holds ${PAGE_SLOTS} numbers, each 0 or 1`);
  }
  return inventory.flatMap((slot, at) => (slot === 1 ? [index * PAGE_SLOTS + at] : []));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new NamesteadError('Malformed', 'an attachment came as no JSON', { cause });
  }
}

function malformed(what: string): NamesteadError {
  return new NamesteadError('Malformed', what);
}
