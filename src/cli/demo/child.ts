import { spawn } from 'node:child_process';

/** What a demo's second process is to do; it gets this on its standard input and nothing else. */
export interface ChildExit<T> {
  readonly messages: readonly T[];
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly stderr: string;
}

/** Starts this program again as `role`, hands it `input` as JSON, and reads a JSON message from each line it prints. */
export async function runChild<T>(role: string, input: unknown, onMessage?: (message: T) => void): Promise<ChildExit<T>> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', '--child', role], { stdio: ['pipe', 'pipe', 'pipe'] });
  const messages: T[] = [];
  let rest = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter((each) => each !== '')) {
      const message = JSON.parse(line) as T;
      messages.push(message);
      onMessage?.(message);
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4000);
  });
  // A child that is killed before it has read everything closes the pipe.
  child.stdin.on('error', () => undefined).end(JSON.stringify(input));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ messages, code, signal, stderr }));
  });
}

/** Reads what {@link runChild} handed over. */
export async function readInput<T>(): Promise<T> {
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8')) text += String(part);
  return JSON.parse(text) as T;
}

export function send(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
