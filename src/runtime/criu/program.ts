import { existsSync, readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const LINES = 3;

/** Where criu is, by PATH; throws `unsupported` when it is nowhere. */
export function findCriu(path = DEFAULT_PATH): string {
  const found = path
    .split(':')
    .filter((directory) => directory.startsWith('/'))
    .map((directory) => `${directory}/criu`)
    .find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Fault('unsupported', 'checkpoints are made by criu, which is not installed', {
    hint: "Install it, on Debian with 'apt-get install criu'.",
  });
}

/** The fault of a criu that failed, with the last errors of its log. */
export function criuFault(doing: string, log: string): Fault {
  let errors: string[] = [];
  try {
    errors = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes('Error ('))
      .slice(-LINES);
  } catch {
    // It ended before it had a log.
  }
  const said = errors.map((line) => line.replace(/^\([0-9.]+\)\s*/, '').replace(/^\s*\d+:\s*/, '')).join('; ');
  return new Fault('internal', `${doing}: criu failed${said === '' ? '' : `: ${said}`}`, {
    hint: `Its log is ${log}`,
    facts: { log },
  });
}
