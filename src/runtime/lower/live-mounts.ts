import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import { CLONE, OPEN, PRCTL } from '#kernel/linux.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import type { Mount, Spec } from '#runtime/spec/spec.ts';
import type { SourceKind } from './context.ts';
import { cutOff } from './cut-off.ts';
import { isBind, lowerMounts } from './mounts.ts';

export interface LiveMountsContext {
  /** The container's stored configuration. */
  spec: Spec;
  id: string;
  facts: HostFacts;
  init: { pid: number; startTime: string };
  bundle: string;
  rootfs: string;
  sources: ReadonlyMap<string, SourceKind>;
  links: ReadonlyMap<string, string>;
}

const MAIN_END = 'to.joiner';
const JOINER_END = 'to.main';
const FDS = 'own.fds';
/** A file system of these shows the namespaces of whoever mounts it, and that would be the host's. */
const TYPES = ['bind', 'tmpfs'];

/**
 * Mounts added to a running container. The sources are cloned on the host's side. `joiner` enters no more than the
 * namespaces that own the mounts, so nobody inside sees it, and takes back what it has added when a later one fails.
 */
export function lowerAddMounts(mounts: readonly Mount[], context: LiveMountsContext): Plan {
  const { spec, sources, links } = context;
  for (const [index, mount] of mounts.entries()) refuseType(mount, `mounts[${index}].type`);
  const lowered = lowerMounts(
    { ...spec, mounts: [...mounts] },
    {
      id: context.id,
      facts: context.facts,
      root: { kind: 'directory', path: context.rootfs },
      bundle: context.bundle,
      mode: 'run',
      terminal: { kind: 'none' },
      sources,
      links,
    },
    { namespaced: false, directories: [], isUnified: context.facts.cgroup.mode === 'v2' },
  );
  const work = lowered.attach.flatMap((step): Step[] => {
    const placed = openStraight(atDestination(step));
    if (placed.op !== 'attach') return [placed];
    return [placed, { op: 'undo', fds: FDS, mount: placed.mount, ...origin(placed) }];
  });
  const opened = cutOff(lowered.sources, spec.linux?.rootfsPropagation);
  return joinedPlan(context, opened, [...work, ...lowered.finish]);
}

/** Every mount is found before the first is taken off. What was mounted inside of one goes with it. */
export function lowerRemoveMounts(destinations: readonly string[], context: LiveMountsContext): Plan {
  const named = destinations.map((path, index) => ({
    path,
    slot: `mount.${index}`,
    origin: `mounts[${index}].destination`,
  }));
  return joinedPlan(
    context,
    [],
    [
      ...named.map(({ path, slot, ...at }): Step =>
        openStraight({ op: 'openMount', root: 'root', path, out: slot, ...at }),
      ),
      ...named.map(({ slot, ...at }): Step => ({ op: 'detach', fds: FDS, mount: slot, origin: at.origin })),
    ],
  );
}

function joinedPlan({ spec, init }: LiveMountsContext, sources: readonly Step[], work: readonly Step[]): Plan {
  const types = (spec.linux?.namespaces ?? []).map(({ type }) => type);
  if (!types.includes('mount')) {
    const field = 'linux.namespaces';
    throw new Fault('unsupported', 'the container has no mount namespace: its mounts are those of the host', { field });
  }
  const mapped = types.includes('user');
  const target: Step = {
    op: 'pidfd',
    pid: init.pid,
    starttime: BigInt(init.startTime),
    out: 'target',
    origin: 'container',
  };
  const main: Step[] = [
    { op: 'prctl', option: PRCTL.dumpable, a: 0 },
    target,
    { op: 'open', path: `/proc/${init.pid}/root`, flags: OPEN.path | OPEN.directory, out: 'root', origin: 'container' },
    // Once more: only now is it known whose root that is.
    target,
    ...sources,
    { op: 'channel', a: MAIN_END, b: JOINER_END },
    { op: 'clone', program: 'joiner', flags: 0, out: 'joiner' },
    { op: 'close', slot: JOINER_END },
    { op: 'wait', slot: MAIN_END },
  ];
  const flags = CLONE.newns | (mapped ? CLONE.newuser : 0);
  const joiner: Step[] = [
    { op: 'close', slot: MAIN_END },
    { op: 'open', path: '/proc/self/fd', flags: OPEN.path | OPEN.directory, out: FDS },
    { op: 'setns', slot: 'target', flags, origin: 'linux.namespaces' },
    ...(mapped ? [{ op: 'ids', uid: 0, gid: 0, origin: 'linux.uidMappings' } as const] : []),
    ...work,
    { op: 'post', slot: JOINER_END },
  ];
  return {
    programs: [
      { name: 'main', steps: main },
      { name: 'joiner', steps: joiner },
    ],
  };
}

function refuseType(mount: Mount, field: string): void {
  if (isBind(mount) || TYPES.includes(mount.type ?? '')) return;
  throw new Fault('unsupported', `${field}: only bind and tmpfs mounts can be added to a running container`, {
    field,
    hint: 'Mount it on the host, and add a bind mount of it.',
  });
}

/** Where a mount goes is one field of it. */
function atDestination(step: Step): Step {
  const isPlace = step.op === 'mkpath' || step.op === 'attach' || step.op === 'symlink';
  return isPlace ? { ...step, origin: `${step.origin ?? 'mounts'}.destination` } : step;
}

/** By a link, the container could have one of the mounts that confine it changed or taken off instead. */
function openStraight(step: Step): Step {
  return step.op === 'openMount' ? { ...step, straight: 1 } : step;
}

function origin(step: Step): { origin?: string } {
  return step.origin === undefined ? {} : { origin: step.origin };
}
