import { expect, test } from 'vitest';
import type { Hash160 } from '../../src/lib/address.js';
import { fromUtf8 } from '../../src/lib/bytes.js';
import { hashZoneFile } from '../../src/zones/zonefile.js';
import type { ZoneSource } from '../../src/zones/zones.js';

/** What a zone source promises, whichever it is. `make` builds one that holds exactly `files`. */
export function zoneSourceLaws(make: (files: readonly Uint8Array[]) => Promise<ZoneSource>): void {
  const files = ['', '$ORIGIN alice.id\n', 'x'.repeat(40_960), '\u2603 \r\n\n'].map(fromUtf8);
  const binary = Uint8Array.from({ length: 256 }, (_, at) => at);

  test('gives the bytes behind a hash, each of them', async () => {
    const source = await make([...files, binary]);
    for (const file of [...files, binary]) expect(await source(hashZoneFile(file))).toEqual(file);
  });

  test('answers null for a hash that it does not have', async () => {
    const source = await make(files);
    expect(await source(new Uint8Array(20) as Hash160)).toBeNull();
  });

  test('does not begin when the signal is already aborted', async () => {
    const source = await make(files);
    await expect(source(hashZoneFile(binary), { signal: AbortSignal.abort() })).rejects.toThrow();
  });
}
