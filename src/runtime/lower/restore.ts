import { CLONE, PRCTL, PROPAGATION, RECURSIVE } from '#kernel/linux.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { lowerCgroup } from './cgroup.ts';
import type { LowerContext, Lowered } from './context.ts';

export interface RestoreContext {
  id: string;
  facts: LowerContext['facts'];
  rootfs: string;
  /** An empty directory that the root is mounted on, where nobody else sees it. */
  rootPoint: string;
  /** criu and its arguments. */
  program: string;
  args: readonly string[];
  path: string;
  /** The file that criu writes the first process's number to. */
  criuPid: string;
  state: string;
  pidFile?: string;
  /** Namespaces that criu gets as descriptors from 4 on, in order. */
  namespaces: readonly string[];
  stays: boolean;
}

const ORIGIN = 'criu';
const ALIVE = 'criu.alive';
const SEEN = 'criu.seen';
const PIDFD = 'init';
const SIGKILL = 9;

/** Slots that the launcher has filled with nothing of use, so that what is put there later stays open in criu. */
export const restoreInherited = (namespaces: readonly string[]): string[] => [
  ALIVE,
  ...namespaces.map((_, index) => `ns.${index}`),
];

/**
 * The plan that has criu restore a container: groups and limits first, then criu in a mount namespace of its own, where
 * the root is a mount. The container becomes a child of the first program, which sees criu's end by a channel.
 */
export function lowerRestore(spec: Spec, context: RestoreContext): Lowered {
  const { id, facts, rootfs, namespaces } = context;
  const root = { kind: 'directory', path: rootfs } as const;
  const cgroup = lowerCgroup(spec, { id, facts, root, mode: 'run', terminal: { kind: 'none' } });
  const main: Step[] = [
    ...cgroup.create,
    ...cgroup.limits,
    ...cgroup.devices,
    { op: 'channel', a: SEEN, b: ALIVE },
    ...namespaces.map((path, index): Step => ({ op: 'open', path, flags: 0, out: `ns.${index}`, origin: ORIGIN })),
    { op: 'clone', program: 'criu', flags: 0, out: 'criu', origin: ORIGIN },
    { op: 'close', slot: ALIVE },
    { op: 'wait', slot: SEEN, onError: 'ignore' },
    { op: 'pidfdOf', path: context.criuPid, out: PIDFD, origin: ORIGIN },
    { op: 'pidfile', path: context.state, pidfd: PIDFD, starttime: 1 },
    ...(context.pidFile === undefined
      ? []
      : [{ op: 'pidfile', path: context.pidFile, pidfd: PIDFD, origin: '--pid-file' } as const]),
  ];
  if (context.stays) main.push({ op: 'supervise', pidfd: PIDFD }, ...cgroup.remove);
  const plan: Plan = {
    programs: [
      { name: 'main', steps: main },
      { name: 'criu', steps: criuSteps(context) },
    ],
    inherited: restoreInherited(namespaces),
  };
  return { plan, warnings: cgroup.warnings, cgroups: cgroup.directories.map(({ path }) => path) };
}

function criuSteps({ rootfs, rootPoint, program, args, path, namespaces }: RestoreContext): Step[] {
  const steps: Step[] = [
    // Of a launcher that is killed it would go on, and leave what nobody knows of.
    { op: 'prctl', option: PRCTL.deathSignal, a: SIGKILL },
    { op: 'close', slot: SEEN },
    { op: 'unshare', flags: CLONE.newns },
    { op: 'propagation', flags: PROPAGATION.slave | RECURSIVE },
    { op: 'tree', path: rootfs, recursive: 1, out: 'root' },
    { op: 'mountAttr', slot: 'root', propagation: PROPAGATION.private, recursive: 1 },
    { op: 'attachAt', mount: 'root', path: rootPoint },
    {
      op: 'exec',
      candidates: [program],
      argv: [program, ...args],
      env: [`PATH=${path}`],
      preserve: 1 + namespaces.length,
    },
  ];
  return steps.map((step) => ({ ...step, origin: step.op === 'tree' ? 'root.path' : ORIGIN }));
}
