import { Fault } from '#base/fault.ts';
import type { Step } from '#kernel/plan.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import type { LoweredCgroup } from './cgroup.ts';
import { INIT_PIDFD, type LowerContext } from './context.ts';
import type { LoweredDevices } from './devices.ts';
import { hasHooks, type HookSubject } from './hooks.ts';
import type { LoweredHiddenPaths } from './hidden-paths.ts';
import type { LoweredRdt } from './intel-rdt.ts';
import type { lowerMappedRoot } from './mapped-root.ts';
import type { MountPlace } from './mount-namespace.ts';
import type { LoweredNamespaces } from './namespaces.ts';
import { hasNetDevices } from './net-devices.ts';
import type { lowerNetworkHelper } from './network-helper.ts';
import type { notifyProgram } from './notify.ts';
import type { LoweredRlimits } from './rlimits.ts';
import type { LoweredTerminal } from './terminal.ts';

/** The two ends of the channel between the first program and init. */
export const MAIN_END = 'to.init';
export const INIT_END = 'to.main';
export const PIDFD = INIT_PIDFD;

/** What the parts of the configuration come to, for the two programs of a container to be put together from. */
export interface Sections {
  spec: Spec;
  process: Process;
  context: LowerContext;
  cgroup: LoweredCgroup;
  namespaces: LoweredNamespaces;
  terminal: LoweredTerminal;
  rlimits: LoweredRlimits;
  /** A new user namespace: the first program opens what is the host's and writes the maps. */
  mapped: boolean;
  place: MountPlace;
  rdt: LoweredRdt;
  devices: LoweredDevices;
  hidden: LoweredHiddenPaths;
  /**
   * Sources are cloned by the first program (`main`), as init has no right to or would find another tree by their paths;
   * or by init: before it changes its ids, or when their turn comes.
   */
  cloner: 'main' | 'early' | 'inTurn';
  /** The filter has a listener, who gets it while the container is made. */
  notifies: boolean;
  /** Waits for the container to be ready, beside the first program. */
  relayed: ReturnType<typeof notifyProgram> | undefined;
  /** Mounts a root that init has no right to mount. */
  mappedRoot: ReturnType<typeof lowerMappedRoot>;
  /** Connects the container's network, beside the first program. */
  network: ReturnType<typeof lowerNetworkHelper>;
  /** Steps of the first program or of init, depending on who has the rights: clones of host trees. */
  sources: Step[];
}

/**
 * Init stops before its last steps. So it does for `poststart` too, which has to know that the program was executed:
 * then the first program releases it.
 */
export function waitsForGo({ spec, context }: Sections): boolean {
  return context.mode === 'hold' || hasHooks(spec, 'poststart');
}

/** Init stops before the pivot, for hooks that find the container made but can still see the host. */
export function waitsForHooks({ spec }: Sections): boolean {
  return hasHooks(spec, 'prestart', 'createRuntime', 'createContainer');
}

/**
 * Init does nothing before its ids are mapped, it has been moved to its group, and its network devices (that settings may be
 * for) are there.
 */
export function waitsForHost({ spec, mapped, cgroup }: Sections): boolean {
  return mapped || cgroup.attach.length > 0 || hasNetDevices(spec);
}

export function subject({ id, bundle = '' }: LowerContext): HookSubject {
  return { id, bundle };
}

export function fifos({ paths }: LowerContext): { go: string; report: string } {
  const { go, report } = paths ?? {};
  if (go === undefined || report === undefined)
    throw new Fault('internal', 'Lower a container: no paths for its fifos');
  return { go, report };
}

/** What is taken from the host's /dev, while nothing else can be in sight. */
export function hostParts({ hidden, devices }: Sections): Step[] {
  return [...hidden.prepare, ...devices.open];
}
