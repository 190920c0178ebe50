import { Session, type Profiler } from 'node:inspector';

/** Which blocks of our sources have run in this thread. */
export interface Coverage {
  /** Characters of source reached since the last look and never before; `keep` marks them as reached. */
  look(keep: boolean): number;
  /** Blocks reached, of those that V8 has told of. */
  blocks(): { readonly reached: number; readonly known: number };
}

interface Script {
  reached: Uint8Array;
  readonly starts: Set<number>;
}

/**
 * V8's precise coverage by blocks (Inspector protocol, `Profiler.startPreciseCoverage`): counters are set to zero by each look, so that one
 * look tells of what ran since the last. Start before the sources are loaded: what was compiled before has no counters.
 */
export function startCoverage(isOurs: (url: string) => boolean): Coverage {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const scripts = new Map<string, Script>();
  let room = new Uint8Array(1 << 16);

  const take = (): readonly Profiler.ScriptCoverage[] => {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error) throw error;
      taken = result;
    });
    return taken;
  };
  /** Ranges come outermost first, and a function behind the one that holds it: the last word on a character holds. */
  const paint = (functions: readonly Profiler.FunctionCoverage[], script: Script): number => {
    let end = 0;
    for (const { ranges } of functions) end = Math.max(end, ranges[0]?.endOffset ?? 0);
    if (room.length < end) room = new Uint8Array(2 * end);
    if (script.reached.length < end) script.reached = Uint8Array.from({ length: 2 * end }, (_, at) => script.reached[at] ?? 0);
    room.fill(0, 0, end);
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) {
        script.starts.add(startOffset);
        room.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      }
    }
    return end;
  };
  const compare = (script: Script, end: number, keep: boolean): number => {
    const { reached } = script;
    let fresh = 0;
    for (let at = 0; at < end; at++) {
      if (room[at] === 0 || reached[at] === 1) continue;
      fresh++;
      if (keep) reached[at] = 1;
    }
    return fresh;
  };
  return {
    look: (keep) => {
      let fresh = 0;
      for (const { url, functions } of take()) {
        if (!isOurs(url)) continue;
        const script = scripts.get(url) ?? { reached: new Uint8Array(), starts: new Set() };
        scripts.set(url, script);
        fresh += compare(script, paint(functions, script), keep);
      }
      return fresh;
    },
    blocks: () => {
      const all = [...scripts.values()].flatMap(({ starts, reached }) => [...starts].map((at) => reached[at] === 1));
      return { reached: all.filter(Boolean).length, known: all.length };
    },
  };
}
