import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { Resctrl } from '#kernel/resctrl.ts';
import type { IntelRdt, Linux } from '#runtime/spec/spec.ts';

const FIELD = 'linux.intelRdt';

export interface LoweredRdt {
  /** First program: makes the group and opens its list of tasks. */
  open: Step[];
  /** A process joins by itself, so that its children are born there. */
  join: Step[];
}

const NOTHING: LoweredRdt = { open: [], join: [] };

/** linux.intelRdt of a new container. A group that is there already is taken as it is, if it is as asked. */
export function lowerRdt(linux: Linux | undefined, id: string, facts: Pick<HostFacts, 'resctrl'>): LoweredRdt {
  const rdt = linux?.intelRdt;
  if (rdt === undefined || !asks(rdt)) return NOTHING;
  const mounted = facts.resctrl ?? refuse();
  const { closID } = rdt;
  const wanted = schemataOf(rdt);
  const name = closID || id;
  const held = mounted.groups[name];
  if (!closID && held !== undefined) fail('conflict', FIELD, `the group ${name} exists already`);
  if (closID && held === undefined && wanted.length === 0) {
    fail('notFound', `${FIELD}.closID`, `there is no group ${name}, and no schemata to make one with`);
  }
  if (held !== undefined) compare(wanted, held, name);
  const path = groupPath(mounted, name);
  const made: Step[] = held === undefined ? [{ op: 'mkdir', path, mode: 0o755 }, ...writeSchemata(path, wanted)] : [];
  const joined = joinRdt(linux, id, { resctrl: mounted });
  const watch: Step[] = rdt.enableMonitoring ? [{ op: 'mkdir', path: monitorPath(path, id), mode: 0o755 }] : [];
  return { open: [...from(made), ...from(watch), ...joined.open], join: joined.join };
}

/** The part of a process that comes to a container with groups that are there. */
export function joinRdt(linux: Linux | undefined, id: string, facts: Pick<HostFacts, 'resctrl'>): LoweredRdt {
  const rdt = linux?.intelRdt;
  // Most have none, and then nothing is looked up.
  if (rdt === undefined || !asks(rdt)) return NOTHING;
  const { resctrl } = facts;
  if (resctrl === undefined) return NOTHING;
  const path = groupPath(resctrl, rdt.closID || id);
  const groups = rdt.enableMonitoring ? [path, monitorPath(path, id)] : [path];
  const slots = groups.map((group, index) => ({ path: `${group}/tasks`, slot: `rdt.${index}` }));
  return {
    open: from(slots.map((one): Step => ({ op: 'open', path: one.path, flags: OPEN.writeOnly, out: one.slot }))),
    join: from(
      slots.flatMap(({ slot }): Step[] => [
        { op: 'writeSlot', slot, data: '0' },
        { op: 'close', slot },
      ]),
    ),
  };
}

/** Sets other schemata on the group of a container that has one. */
export function lowerRdtUpdate(rdt: IntelRdt, id: string, { resctrl }: Pick<HostFacts, 'resctrl'>): Step[] {
  return from(writeSchemata(groupPath(resctrl ?? refuse(), rdt.closID || id), schemataOf(rdt)));
}

/** The container's group, and what of it is counted by itself; undefined for one without. */
export function rdtGroups(
  linux: Linux | undefined,
  id: string,
  { resctrl }: Pick<HostFacts, 'resctrl'>,
): { group: string; monitored: string } | undefined {
  const rdt = linux?.intelRdt;
  if (rdt === undefined || !asks(rdt) || resctrl === undefined) return undefined;
  const group = groupPath(resctrl, rdt.closID || id);
  return { group, monitored: rdt.enableMonitoring ? monitorPath(group, id) : group };
}

/** What goes with the container: the group that was made for it alone, or its part of another. */
export function rdtLeftovers(linux: Linux | undefined, id: string, { resctrl }: Pick<HostFacts, 'resctrl'>): string[] {
  const rdt = linux?.intelRdt;
  if (rdt === undefined || !asks(rdt) || resctrl === undefined) return [];
  const path = groupPath(resctrl, rdt.closID || id);
  return [...(rdt.enableMonitoring ? [monitorPath(path, id)] : []), ...(rdt.closID ? [] : [path])];
}

function asks({ closID, enableMonitoring, ...rest }: IntelRdt): boolean {
  return Boolean(closID) || enableMonitoring === true || schemataOf(rest).length > 0;
}

/** Each of the older two fields counts for its own resource only. */
function schemataOf({ l3CacheSchema = '', memBwSchema = '', schemata = [] }: IntelRdt): string[] {
  const lines = (text: string): string[] => text.split('\n').map((line) => line.trim());
  const cache = lines(l3CacheSchema).filter((line) => !line.startsWith('MB:'));
  const bandwidth = lines(memBwSchema).filter((line) => line.startsWith('MB:'));
  return [...cache, ...bandwidth, ...schemata.flatMap(lines)].filter((line) => line !== '');
}

function writeSchemata(path: string, lines: readonly string[]): Step[] {
  return lines.length === 0 ? [] : [{ op: 'write', path: `${path}/schemata`, data: `${lines.join('\n')}\n` }];
}

function groupPath({ path }: Resctrl, name: string): string {
  return name === '/' ? path : `${path}/${name}`;
}

const monitorPath = (group: string, id: string): string => `${group}/mon_groups/${id}`;

/** `L3:0=7f0;1=1f` as it is held may have blanks in front and zeros before its numbers. */
function compare(wanted: readonly string[], held: string, name: string): void {
  const domains = (line: string): string[] => {
    const [resource = '', values = ''] = line.replaceAll(/\s/g, '').split(':', 2);
    return values
      .split(';')
      .map((value) => `${resource}:${value.replaceAll(/(^|=)0+(?=[0-9a-f])/gi, '$1')}`.toLowerCase());
  };
  const there = new Set(held.split('\n').flatMap(domains));
  const other = wanted.find((line) => !domains(line).every((domain) => there.has(domain)));
  if (other !== undefined) {
    fail('conflict', FIELD, `the group ${name} exists already, and its schemata are not those asked for (${other})`);
  }
}

function from(steps: readonly Step[]): Step[] {
  return steps.map((step) => ({ ...step, origin: FIELD }));
}

function fail(kind: 'conflict' | 'notFound', field: string, why: string): never {
  throw new Fault(kind, `${field}: ${why}`, { field });
}

function refuse(): never {
  throw new Fault('unsupported', `${FIELD}: the resctrl file system is not mounted`, {
    field: FIELD,
    hint: 'On a machine that has it: mount -t resctrl resctrl /sys/fs/resctrl',
  });
}
