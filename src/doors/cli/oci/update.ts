import { readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { parseBytes } from '#base/units.ts';
import type { Resources } from '#runtime/spec/spec.ts';
import { updateContainer } from '#runtime/verbs/update.ts';
import { usage, type Flags, type FlagTable } from '#doors/cli/flags.ts';
import type { OciVerb } from './command.ts';
import { containerId } from './container-id.ts';

type Read = (text: string, flag: string) => unknown;

interface Setting {
  /** Where it stands in linux.resources (or in linux.intelRdt). */
  section: string;
  field: string;
  read: Read;
  does: string;
}

const integer: Read = (text, flag) => {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) throw usage(`invalid value "${text}" for flag ${flag}`);
  return value;
};
const bytes: Read = (text, flag) => (text === '-1' ? -1 : parseBytes(text, flag));
const words: Read = (text) => text;

const SETTINGS: Readonly<Record<string, Setting>> = {
  'blkio-weight': { section: 'blockIO', field: 'weight', read: integer, does: 'weight of block I/O, 10 to 1000' },
  'cpu-period': { section: 'cpu', field: 'period', read: integer, does: 'length of a CPU period in microseconds' },
  'cpu-quota': { section: 'cpu', field: 'quota', read: integer, does: 'CPU time in each period in microseconds' },
  'cpu-burst': { section: 'cpu', field: 'burst', read: integer, does: 'CPU time that may be saved up' },
  'cpu-share': { section: 'cpu', field: 'shares', read: integer, does: 'CPU shares, relative to others' },
  'cpu-rt-period': { section: 'cpu', field: 'realtimePeriod', read: integer, does: 'length of a realtime period' },
  'cpu-rt-runtime': { section: 'cpu', field: 'realtimeRuntime', read: integer, does: 'realtime in each period' },
  'cpu-idle': { section: 'cpu', field: 'idle', read: integer, does: '1: only what nobody else wants' },
  'cpuset-cpus': { section: 'cpu', field: 'cpus', read: words, does: 'CPUs to use, such as 0-2' },
  'cpuset-mems': { section: 'cpu', field: 'mems', read: words, does: 'memory nodes to use' },
  memory: { section: 'memory', field: 'limit', read: bytes, does: 'limit of memory, such as 512m; -1 for none' },
  'memory-reservation': { section: 'memory', field: 'reservation', read: bytes, does: 'soft limit of memory' },
  'memory-swap': { section: 'memory', field: 'swap', read: bytes, does: 'memory and swap together; -1 for no limit' },
  'pids-limit': { section: 'pids', field: 'limit', read: integer, does: 'limit of processes; -1 for none' },
};

/** Asked of a controller that the kernel has given up, or of one that is not there. */
const INERT = ['kernel-memory', 'kernel-memory-tcp'];
const RDT = { 'l3-cache-schema': 'l3CacheSchema', 'mem-bw-schema': 'memBwSchema' } as const;

const flagTable = (): FlagTable => ({
  resources: { kind: 'text', short: 'r', does: 'file with the resources as JSON, - for standard input' },
  ...Object.fromEntries(Object.entries(SETTINGS).map(([name, { does }]) => [name, { kind: 'text', does }])),
  ...Object.fromEntries(INERT.map((name) => [name, { kind: 'text', does: 'ignored: kernels have no such limit now' }])),
  ...Object.fromEntries(Object.keys(RDT).map((name) => [name, { kind: 'text', does: 'schema of Intel RDT' }])),
});

export const verb: OciVerb = {
  // Made when it is asked for: every other verb is loaded along with this one.
  get flags() {
    return flagTable();
  },
  usage: '<container-id>',
  act: async ({ flags, rest, runtime }) => {
    const id = containerId(rest);
    for (const name of INERT) if (flags.text(name) !== undefined) runtime.warn(`--${name} has no effect`);
    const rdt = Object.entries(RDT).flatMap(([name, field]) => {
      const schema = flags.text(name);
      return schema ? [[field, schema] as const] : [];
    });
    const file = flags.text('resources');
    const changes = file === undefined ? fromFlags(flags) : fromFile(file);
    await updateContainer(runtime, id, changes, Object.fromEntries(rdt));
    return 0;
  },
};

function fromFlags(flags: Flags): Resources {
  const changes: Record<string, Record<string, unknown>> = {};
  for (const [name, { section, field, read }] of Object.entries(SETTINGS)) {
    const text = flags.text(name);
    if (text === undefined || text === '') continue;
    changes[section] = { ...changes[section], [field]: read(text, `--${name}`) };
  }
  return changes;
}

/** Device rules are left out, as every engine expects: those of a running container do not change. */
function fromFile(file: string): Resources {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
  } catch (error) {
    throw new Fault('invalid', `read the resources from ${file}`, { cause: error, field: '--resources' });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Fault('invalid', `the resources in ${file} are no JSON object`, { field: '--resources' });
  }
  const { devices: _, ...resources } = parsed as Resources;
  return Object.fromEntries(Object.entries(resources).filter(([, value]) => value !== null));
}
