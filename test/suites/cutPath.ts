/**
 * Some vector files print the `_file` record of real zone files without the folder that stood in it, beside the hash of the whole text.
 * These are the folders, as `atlas/real-zonefiles/parsed.json` still has them.
 */
const folders = [
  'file:///home/parallels/.blockstack/storage-disk/mutable/',
  'file:///Users/C/.blockstack/storage-disk/mutable/',
  'file:///home/user/.blockstack/storage-disk/mutable/',
];

/** The text itself, then the text with each folder put back. */
export function uncut(zoneFile: string): string[] {
  return [zoneFile, ...folders.map((folder) => zoneFile.replace(/^(_file URI \d+ \d+ ")([a-z0-9_-]+\.id")$/m, `$1${folder}$2`))];
}
