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
import { ownGroup } from './cgroup-owner.ts';
import { enableControllers, inheritCpuset } from './cgroup-steps.ts';
import type { LowerContext } from './context.ts';
import { hasHostRights } from './rights.ts';
import { joinScope } from './scope.ts';

export interface LoweredCgroup {
  /** First program, before the clone: directories, and descriptors to join by. */
  create: Step[];
  /** Slot for clone's `cgroup` on version 2. */
  cloneInto: string | undefined;
  /** First program, after the clone, while the child waits: has it moved by somebody else. */
  attach: Step[];
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
/** Only root of the machine can hold a group to its devices. A user namespace makes no nodes, and binds what its user may open. */
const DEVICES_UNHELD = 'linux.resources.devices has no effect: only root can have a group held to its devices';

const DEVICES_GROUPLESS = 'linux.resources.devices has no effect: the container has no control group to be held by';

/** Faults carry the field: a path that climbs, limits that the host's version or controllers do not have. */
export function lowerCgroup(spec: Spec, { facts, id, cgroup }: LowerContext): LoweredCgroup {
  const directories = [
    ...(cgroup?.directories ?? cgroupDirectories(facts.cgroup, cgroupPathOf(spec.linux?.cgroupsPath, id))),
  ];
  const resources = spec.linux?.resources ?? {};
  const rules = deviceRules(resources.devices ?? [], spec.linux?.devices);
  requireDevices(rules, facts);
  // Busy only when processes outlive init, which a pid namespace of its own excludes: then the caller kills them.
  const retryMs = ownPids(spec) ? 500 : 0;
  const remove = directories.map(({ path }): Step => ({
    op: 'rmdir',
    path,
    retryMs,
    onError: 'ignore',
    origin: ORIGIN,
  }));
  const warnings = ignoredLimits(resources, facts.cgroup.mode === 'v2' ? 2 : 1);
  const isHeld = hasHostRights(facts);
  if (!isHeld && rules.rules.some(({ rule }) => !rule.allow)) warnings.push(DEVICES_UNHELD);
  if (isHeld && deniesSomething(rules) && !holdsDevices(directories)) warnings.push(DEVICES_GROUPLESS);
  if (facts.cgroup.mode !== 'v2') {
    const part = lowerV1(facts.cgroup, directories, resources, isHeld ? rules : undefined);
    return { ...part, ...joinScope(facts.cgroup, cgroup), remove, directories, warnings };
  }
  const devices = isHeld && directories.length > 0 ? lowerDeviceProgram(rules) : [];
  const part = lowerV2(facts, directories, resources);
  const owned = directories.flatMap((directory) => ownGroup(spec, directory, facts));
  const limits = [...owned, ...part.limits];
  return { ...part, limits, ...joinScope(facts.cgroup, cgroup), devices, remove, directories, warnings };
}

function holdsDevices(directories: readonly CgroupDirectory[]): boolean {
  return directories.some(({ hierarchy }) => hierarchy === undefined || hierarchy.controllers.includes('devices'));
}

function ownPids(spec: Spec): boolean {
  return (spec.linux?.namespaces ?? []).some((entry) => entry.type === 'pid' && !entry.path);
}

type Part = Omit<LoweredCgroup, 'remove' | 'directories' | 'warnings'>;

function lowerV1(
  layout: CgroupLayout,
  directories: readonly CgroupDirectory[],
  resources: Resources,
  rules: DeviceRules | undefined,
): Part {
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
    attach: [],
    join,
    limits: limits.map((limit) => writeLimit(limit, requireDirectory(layout, directories, limit))),
    devices: rules === undefined ? [] : deviceStepsV1(rules, directories),
  };
}

function deviceStepsV1(rules: DeviceRules, directories: readonly CgroupDirectory[]): Step[] {
  const directory = directories.find(({ hierarchy }) => hierarchy?.controllers.includes('devices'));
  return directory === undefined ? [] : deviceRulesV1(rules).map((limit) => writeLimit(limit, directory));
}

/** Where neither the controller nor version 2 is there, nothing would keep the container from the host's disks. */
function requireDevices(rules: DeviceRules, facts: HostFacts): void {
  const { cgroup } = facts;
  const held = cgroup.mode === 'v2' || cgroup.hierarchies.some(({ controllers }) => controllers.includes('devices'));
  if (held || !hasHostRights(facts) || !deniesSomething(rules)) return;
  const missing =
    cgroup.mode === 'none' ? 'there are no control groups' : 'the cgroup controller "devices" is not mounted';
  const what = `the container may use only some devices, but ${missing}`;
  throw new Fault('unsupported', `linux.resources.devices: ${what}`, { field: 'linux.resources.devices' });
}

/** Version 2 has no files for devices; a program of the kernel's own decides. Without it the container is not started. */
function lowerDeviceProgram(rules: DeviceRules): Step[] {
  const program = deviceProgram(rules);
  if (program === undefined) return [];
  return [{ op: 'deviceProgram', cgroup: 'cgroup', program, origin: 'linux.resources.devices' }];
}

function lowerV2(
  facts: HostFacts,
  directories: readonly CgroupDirectory[],
  resources: Resources,
): Omit<Part, 'devices'> {
  const limits = limitsV2(resources);
  const directory = directories[0];
  if (directory === undefined) {
    if (limits[0] !== undefined) refuseWithoutGroup(limits[0]);
    return { create: [], cloneInto: undefined, attach: [], join: [], limits: [] };
  }
  const create: Step[] = [
    { op: 'mkdir', path: directory.path, mode: 0o755, parents: 1, fresh: 1, origin: ORIGIN },
    ...enableControllers(facts.cgroup, directory, hasHostRights(facts) ? 'warn' : 'ignore'),
    { op: 'open', path: directory.path, flags: OPEN.path | OPEN.directory, out: 'cgroup', origin: ORIGIN },
  ];
  return {
    create,
    cloneInto: 'cgroup',
    attach: [],
    join: [{ op: 'close', slot: 'cgroup', origin: ORIGIN }],
    limits: limits.map((limit) => writeLimit(limit, directory)),
  };
}

function findDirectory(directories: readonly CgroupDirectory[], limit: Limit): CgroupDirectory | undefined {
  return directories.find((directory) => directory.hierarchy?.controllers.includes(limit.controller));
}

/** What is asked for has no group to be written to. */
function refuseWithoutGroup({ origin, controller }: Limit): never {
  const hint = 'Delegate a group to this user, or leave the limit out: see docs/rootless.md.';
  const why = `no control group of "${controller}" is delegated to this user`;
  throw new Fault('denied', `${origin}: ${why}`, { field: origin, hint });
}

function requireDirectory(
  { hierarchies }: CgroupLayout,
  directories: readonly CgroupDirectory[],
  limit: Limit,
): CgroupDirectory {
  const directory = findDirectory(directories, limit);
  if (directory === undefined) {
    if (hierarchies.some(({ controllers }) => controllers.includes(limit.controller))) refuseWithoutGroup(limit);
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
