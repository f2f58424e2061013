import { Fault } from '#base/fault.ts';
import type { Io } from '#doors/cli/io.ts';

const END = new Set(['\r', '\n', '\u0004']);
const ERASE = new Set(['\u007f', '\b']);
const INTERRUPT = '\u0003';
const LARGEST = 64 * 1024;

/** All of standard input, as text. */
export async function readAll({ stdin }: Io): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LARGEST) throw new Fault('invalid', `read standard input: it is longer than ${LARGEST} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

/** Asks a person at a terminal for a line. */
export function askLine(io: Io, question: string): Promise<string> {
  return ask(io, question, true);
}

/** The same without showing what is typed. */
export function askSecret(io: Io, question: string): Promise<string> {
  return ask(io, question, false);
}

async function ask(io: Io, question: string, shown: boolean): Promise<string> {
  const { stdin } = io;
  if (stdin.isTTY !== true) {
    throw new Fault('invalid', 'ask for the user name and the password: standard input is no terminal', {
      hint: 'Give --username and --password-stdin.',
    });
  }
  // Key by key, since only then the terminal does not show them; before the question, which may be answered at once.
  stdin.setRawMode(true);
  io.err(question);
  try {
    return await new Promise<string>((resolve, reject) => {
      let line = '';
      const take = (data: Buffer | string): void => {
        for (const key of String(data)) {
          if (END.has(key)) return end(() => resolve(line));
          if (key === INTERRUPT) return end(() => reject(new Fault('cancelled', 'log in')));
          if (ERASE.has(key)) line = line.slice(0, -1);
          else line += key;
          if (shown) io.err(ERASE.has(key) ? '\b \b' : key);
        }
      };
      const end = (settle: () => void): void => {
        stdin.off('data', take);
        stdin.pause();
        settle();
      };
      stdin.on('data', take);
      stdin.resume();
    });
  } finally {
    stdin.setRawMode(false);
    io.err('\n');
  }
}
