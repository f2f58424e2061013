import { Fault } from '#base/fault.ts';
import type { CgroupLayout } from '#kernel/cgroup-layout.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { deviceProgram } from '#runtime/cgroup/device-program.ts';
import { deniesSomething, deviceRules, deviceRulesV1, type DeviceRules } from '#runtime/cgroup/device-rules.ts';
import { cgroupDirectories, cgroupPathOf, type CgroupDirectory } from '#runtime/cgroup/layout.ts';
import type { Limit } from '#runtime/cgroup/limit.ts';
import { ignoredLimits, limitsV1, limitsV2 } from '#runtime/cgroup/limits.ts';
import type { Resources, Spec } from '#runtime/spec/spec.ts';
import type { LowerContext } from './context.ts';

export interface LoweredCgroup {
  /** First program, before the clone: directories, and descriptors to join by. */
  create: Step[];
  /** Slot for clone's `cgroup` on version 2. */
  cloneInto: string | undefined;
  /** The child's first steps: it moves itself, which on version 1 takes no lock and no grace period. */
  join: Step[];
  /** First program, while the child works. */
  limits: Step[];
  /** First program, after the child's mounts (which may need a block device). */
  devices: Step[];
  remove: Step[];
  directories: CgroupDirectory[];
  warnings: string[];
}

const ORIGIN = 'linux.cgroupsPath';

/** Faults carry the field: a path that climbs, limits that the host's version or controllers do not have. */
export function lowerCgroup(spec: Spec, { facts, id }: LowerContext): LoweredCgroup {
  const directories = cgroupDirectories(facts.cgroup, cgroupPathOf(spec.linux?.cgroupsPath, id));
  const resources = spec.linux?.resources ?? {};
  const rules = deviceRules(resources.devices ?? [], spec.linux?.devices);
  requireDevices(rules, facts);
  // Busy only when processes outlive init, which a pid namespace of its own excludes: then the caller kills them.
  const remove = directories.map((directory): Step => {
    return { op: 'rmdir', path: directory.path, retryMs: ownPids(spec) ? 500 : 0, onError: 'ignore', origin: ORIGIN };
  });
  const warnings = ignoredLimits(resources, facts.cgroup.mode === 'v2' ? 2 : 1);
  if (facts.cgroup.mode !== 'v2') return { ...lowerV1(directories, resources, rules), remove, directories, warnings };
  const devices = lowerDeviceProgram(rules, facts.inUserNamespace);
  return { ...lowerV2(facts.cgroup, directories, resources), devices, remove, directories, warnings };
}

function ownPids(spec: Spec): boolean {
  return (spec.linux?.namespaces ?? []).some((entry) => entry.type === 'pid' && !entry.path);
}

type Part = Omit<LoweredCgroup, 'remove' | 'directories' | 'warnings'>;

function lowerV1(directories: readonly CgroupDirectory[], resources: Resources, rules: DeviceRules): Part {
  const limits = limitsV1(resources);
  const create: Step[] = [];
  const join: Step[] = [];
  for (const directory of directories) {
    create.push({ op: 'mkdir', path: directory.path, mode: 0o755, parents: 1, fresh: 1, origin: ORIGIN });
    if (directory.hierarchy?.controllers.includes('cpuset')) create.push(...inheritCpuset(directory));
    const slot = `tasks.${directory.hierarchy?.name}`;
    create.push({ op: 'open', path: `${directory.path}/tasks`, flags: OPEN.writeOnly, out: slot, origin: ORIGIN });
    join.push({ op: 'writeSlot', slot, data: '0', origin: ORIGIN }, { op: 'close', slot, origin: ORIGIN });
  }
  return {
    create,
    cloneInto: undefined,
    join,
    limits: limits.map((limit) => writeLimit(limit, requireDirectory(directories, limit))),
    devices: deviceStepsV1(rules, directories),
  };
}

function deviceStepsV1(rules: DeviceRules, directories: readonly CgroupDirectory[]): Step[] {
  const directory = directories.find(({ hierarchy }) => hierarchy?.controllers.includes('devices'));
  return directory === undefined ? [] : deviceRulesV1(rules).map((limit) => writeLimit(limit, directory));
}

/** Where neither the controller nor version 2 is there, nothing would keep the container from the host's disks. */
function requireDevices(rules: DeviceRules, { cgroup, inUserNamespace }: HostFacts): void {
  const held = cgroup.mode === 'v2' || cgroup.hierarchies.some(({ controllers }) => controllers.includes('devices'));
  if (held || inUserNamespace || !deniesSomething(rules)) return;
  const missing =
    cgroup.mode === 'none' ? 'there are no control groups' : 'the cgroup controller "devices" is not mounted';
  const what = `the container may use only some devices, but ${missing}`;
  throw new Fault('unsupported', `linux.resources.devices: ${what}`, { field: 'linux.resources.devices' });
}

/** A new cpuset of version 1 is empty and takes no process; each level gets its parent's cpus and memory nodes. */
function inheritCpuset({ mountPoint, parts }: CgroupDirectory): Step[] {
  const steps: Step[] = [];
  let parent = mountPoint;
  for (const part of parts) {
    const level = `${parent}/${part}`;
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      steps.push({ op: 'inherit', from: `${parent}/${file}`, to: `${level}/${file}`, origin: ORIGIN });
    }
    parent = level;
  }
  return steps;
}

/**
 * Version 2 has no files for devices; a program of the kernel's own decides. Without it the container is not started,
 * but for a user namespace, where programs are refused: there no node can be made, and what is bound is the user's.
 */
function lowerDeviceProgram(rules: DeviceRules, inUserNamespace: boolean): Step[] {
  const program = deviceProgram(rules);
  if (program === undefined) return [];
  const step: Step = { op: 'deviceProgram', cgroup: 'cgroup', program, origin: 'linux.resources.devices' };
  return [inUserNamespace ? { ...step, onError: 'warn' } : step];
}

function lowerV2(
  layout: CgroupLayout,
  directories: readonly CgroupDirectory[],
  resources: Resources,
): Omit<Part, 'devices'> {
  const limits = limitsV2(resources);
  const directory = directories[0];
  if (directory === undefined) throw new Fault('internal', 'Lower linux.cgroupsPath: no unified directory');
  const create: Step[] = [
    { op: 'mkdir', path: directory.path, mode: 0o755, parents: 1, fresh: 1, origin: ORIGIN },
    ...enableControllers(layout, directory),
    { op: 'open', path: directory.path, flags: OPEN.path | OPEN.directory, out: 'cgroup', origin: ORIGIN },
  ];
  return {
    create,
    cloneInto: 'cgroup',
    join: [{ op: 'close', slot: 'cgroup', origin: ORIGIN }],
    limits: limits.map((limit) => writeLimit(limit, directory)),
  };
}

/** Passes every controller there is down to the container's own directory. */
function enableControllers({ unified }: CgroupLayout, { mountPoint, parts }: CgroupDirectory): Step[] {
  const all = unified?.controllers ?? [];
  const steps: Step[] = [];
  let at = mountPoint;
  for (const [depth, part] of parts.entries()) {
    const missing = depth === 0 ? all.filter((name) => !unified?.enabled.includes(name)) : all;
    for (const name of missing) {
      const path = `${at}/cgroup.subtree_control`;
      steps.push({ op: 'write', path, data: `+${name}`, onError: 'warn', origin: ORIGIN });
    }
    at = `${at}/${part}`;
  }
  return steps;
}

function findDirectory(directories: readonly CgroupDirectory[], limit: Limit): CgroupDirectory | undefined {
  return directories.find((directory) => directory.hierarchy?.controllers.includes(limit.controller));
}

function requireDirectory(directories: readonly CgroupDirectory[], limit: Limit): CgroupDirectory {
  const directory = findDirectory(directories, limit);
  if (directory === undefined) {
    throw new Fault('unsupported', `${limit.origin}: the cgroup controller "${limit.controller}" is not mounted`, {
      field: limit.origin,
    });
  }
  return directory;
}

function writeLimit({ file, value, otherwise, origin, onError }: Limit, { path }: CgroupDirectory): Step {
  if (otherwise !== undefined) {
    const paths = [`${path}/${file}`, `${path}/${otherwise.file}`];
    return { op: 'writeFirst', paths, data: [value, otherwise.value], origin };
  }
  const step: Step = { op: 'write', path: `${path}/${file}`, data: value, origin };
  return onError === undefined ? step : { ...step, onError };
}
