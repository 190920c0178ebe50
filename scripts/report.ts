/** The words and flags of a script's command line. */
export function parseArguments(): { words: readonly string[]; json: boolean } {
  const given = process.argv.slice(2);
  const unknown = given.find((word) => word.startsWith('--') && word !== '--json');
  if (unknown !== undefined) throw new TypeError(`unknown option ${unknown}; only --json is known`);
  return { words: given.filter((word) => !word.startsWith('--')), json: given.includes('--json') };
}

/** The end of a script: with --json one line of JSON, last on stdout, else a sentence; the exit code is 1 unless all is well. */
export function report(result: { readonly ok: boolean } & Readonly<Record<string, unknown>>, sentence: string): void {
  console.error(sentence);
  if (parseArguments().json) console.log(JSON.stringify(result));
  if (!result.ok) process.exitCode = 1;
}
