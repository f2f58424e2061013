import { Fault } from '#base/fault.ts';
import { parseBytes } from '#base/units.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';
import { checkResources, type ResourceWish } from '#engine/container/resources.ts';

interface Setting {
  field: keyof ResourceWish;
  /** Undefined for what docker takes as "not set". */
  read: (text: string, flag: string) => number | string | undefined;
  value: string;
  short?: string;
  does: string;
}

const unlessZero = (number: number): number | undefined => (number === 0 ? undefined : number);

function whole(text: string, flag: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new Fault('invalid', `read ${flag}: "${text}" is not a whole number`, { field: flag });
}

function positive(text: string, flag: string): number {
  const number = Number(text);
  if (text !== '' && Number.isFinite(number) && number > 0) return number;
  throw new Fault('invalid', `read ${flag}: "${text}" is not a number above 0`, { field: flag });
}

function cpuList(text: string, flag: string): string | undefined {
  if (/^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(text)) return text === '' ? undefined : text;
  throw new Fault('invalid', `read ${flag}: "${text}" is no list such as 0-3,7`, { field: flag });
}

const count: Setting['read'] = (text, flag) => unlessZero(whole(text, flag));
const bytes: Setting['read'] = (text, flag) => unlessZero(parseBytes(text, flag));
const bytesOrNone: Setting['read'] = (text, flag) => (text === '-1' ? -1 : bytes(text, flag));

/** Limits that can be changed later, too. */
const CHANGEABLE: Readonly<Record<string, Setting>> = {
  'blkio-weight': { field: 'blkioWeight', read: count, value: 'WEIGHT', does: 'Weight of block I/O, 10 to 1000' },
  'cpu-period': { field: 'cpuPeriod', read: count, value: 'MICROSECONDS', does: 'Length of a CPU period' },
  'cpu-quota': { field: 'cpuQuota', read: count, value: 'MICROSECONDS', does: 'CPU time in each period' },
  'cpu-rt-period': {
    field: 'cpuRealtimePeriod',
    read: count,
    value: 'MICROSECONDS',
    does: 'Length of a realtime period',
  },
  'cpu-rt-runtime': {
    field: 'cpuRealtimeRuntime',
    read: count,
    value: 'MICROSECONDS',
    does: 'Realtime in each period',
  },
  'cpu-shares': {
    field: 'cpuShares',
    read: count,
    short: 'c',
    value: 'NUMBER',
    does: 'CPU shares, relative to others',
  },
  cpus: { field: 'cpus', read: positive, value: 'NUMBER', does: 'Number of processors it may use' },
  'cpuset-cpus': { field: 'cpusetCpus', read: cpuList, value: 'LIST', does: 'Processors to run on (0-3, 0,1)' },
  'cpuset-mems': { field: 'cpusetMems', read: cpuList, value: 'LIST', does: 'Memory nodes to use (0-3, 0,1)' },
  memory: { field: 'memory', read: bytes, short: 'm', value: 'BYTES', does: 'Memory limit (512m, 2g)' },
  'memory-reservation': { field: 'memoryReservation', read: bytes, value: 'BYTES', does: 'Soft limit of memory' },
  'memory-swap': {
    field: 'memorySwap',
    read: bytesOrNone,
    value: 'BYTES',
    does: 'Memory and swap together (-1 for no bound)',
  },
  'pids-limit': {
    field: 'pidsLimit',
    read: whole,
    value: 'NUMBER',
    does: 'Number of processes it may have (-1 for no bound)',
  },
};

/** Limits that are set once and for all. */
const LASTING: Readonly<Record<string, Setting>> = {
  'memory-swappiness': {
    field: 'memorySwappiness',
    read: (text, flag) => (text === '-1' ? undefined : whole(text, flag)),
    value: 'PERCENT',
    does: 'How readily memory is swapped out, 0 to 100 (cgroup v1)',
  },
};

const asFlags = (settings: Readonly<Record<string, Setting>>): FlagTable =>
  Object.fromEntries(
    Object.entries(settings).map(([name, { short, value, does }]) => [
      name,
      { kind: 'text' as const, value, does, ...(short === undefined ? {} : { short }) },
    ]),
  );

/** Flags of `update`. */
export const UPDATE_FLAGS = asFlags(CHANGEABLE);

/** Flags of `run` and `create`. */
export const RESOURCE_FLAGS: FlagTable = {
  ...asFlags(CHANGEABLE),
  ...asFlags(LASTING),
  'oom-kill-disable': { kind: 'switch', does: 'Let it wait for memory in place of being killed (cgroup v1)' },
};

/** The limits that were given, checked against each other for a new container. */
export function resourceWish(flags: Flags): ResourceWish {
  const wish = resourceChanges(flags);
  checkResources(wish);
  return wish;
}

export function resourceChanges(flags: Flags): ResourceWish {
  const wish: Record<string, unknown> = {};
  for (const [name, { field, read }] of Object.entries({ ...CHANGEABLE, ...LASTING })) {
    const text = flags.text(name);
    const value = text === undefined ? undefined : read(text, `--${name}`);
    if (value !== undefined) wish[field] = value;
  }
  if (flags.on('oom-kill-disable')) wish['oomKillDisable'] = true;
  return wish as ResourceWish;
}
