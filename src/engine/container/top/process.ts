import { readFileSync, statSync } from 'node:fs';
import { deviceNumbers } from '#base/device-numbers.ts';
import { visible } from '#base/visible.ts';

/** Of all architectures that this runs on. */
const TICKS_A_SECOND = 100;
const PAGE = 4096;

/** One process as /proc tells of it. Times are in seconds. */
export interface ProcessFacts {
  pid: number;
  parent: number;
  group: number;
  session: number;
  uid: number;
  gid: number;
  state: string;
  /** `pts/0`, or `?`. */
  terminal: string;
  processor: number;
  started: number;
  elapsed: number;
  threads: number;
  priority: number;
  nice: number;
  virtualBytes: number;
  residentBytes: number;
  name: string;
  command: string;
}

/** What holds for all processes: the machine's start, its memory and the moment of looking; seconds and bytes. */
export interface Machine {
  booted: number;
  memory: number;
  now: number;
}

export function readMachine(): Machine {
  const booted = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
  const memory = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1];
  return { booted: Number(booted), memory: Number(memory) * 1024, now: Date.now() / 1000 };
}

/** Undefined when the process has ended. */
export function readProcess(pid: number, { booted, now }: Machine): ProcessFacts | undefined {
  let stat: string;
  let command: string;
  let owner: { uid: number; gid: number };
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    owner = statSync(`/proc/${pid}`);
  } catch {
    return undefined;
  }
  // The name may hold anything, brackets and blanks too.
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  const [state = '?', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(rest[number - 4]);
  const started = booted + field(22) / TICKS_A_SECOND;
  return {
    pid,
    parent: field(4),
    group: field(5),
    session: field(6),
    uid: owner.uid,
    gid: owner.gid,
    state,
    terminal: terminalName(field(7)),
    processor: (field(14) + field(15)) / TICKS_A_SECOND,
    started,
    elapsed: Math.max(0, now - started),
    threads: field(20),
    priority: field(18),
    nice: field(19),
    virtualBytes: field(23),
    residentBytes: field(24) * PAGE,
    name: visible(name),
    command: visible(command.replace(/\0+$/, '').replaceAll('\0', ' ') || `[${name}]`),
  };
}

/** Majors 136 to 143 are pseudo terminals, 4 the machine's own. */
function terminalName(number: number): string {
  if (!(number > 0)) return '?';
  const { major, minor } = deviceNumbers(BigInt(number));
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  return major === 4 && minor < 64 ? `tty${minor}` : '?';
}
