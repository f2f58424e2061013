import type { HostFacts } from '#kernel/host-facts.ts';
import { OPEN, PRCTL } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { cgroupDirectories, type CgroupDirectory } from '#runtime/cgroup/layout.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { inheritedSlots, type LaunchMode, type Lowered, type TerminalMode } from './context.ts';
import { lowerIdentity } from './identity.ts';
import { NAMESPACE_FLAGS } from './namespaces.ts';
import { lowerOomScore } from './oom-score.ts';
import { execStep } from './program.ts';
import { lowerRlimits } from './rlimits.ts';
import { lowerSeccomp } from './seccomp.ts';
import { lowerTerminal } from './terminal.ts';

export interface ExecContext {
  /** The container's stored configuration: namespaces, filter, keyring. */
  spec: Spec;
  facts: HostFacts;
  /** The container's init; `startTime` is field 22 of its /proc/PID/stat, so that no recycled pid is joined. */
  init: { pid: number; startTime: string };
  /** As `cgroupDirectories` takes it. */
  cgroupsPath: string;
  terminal: TerminalMode;
  mode: Exclude<LaunchMode, 'hold'>;
  /** Name of the container's session keyring, when it has one. */
  keyring?: string;
  pidFile?: string;
  preserveFds?: number;
}

const MAIN_END = 'to.child';
const CHILD_END = 'to.main';
const PIDFD = 'child';

/**
 * The plan of a further program in a running container. The pid namespace is entered by `main` (it counts for
 * children), all others by `child` in one call through the verified pidfd of init.
 */
export function lowerExec(process: Process, context: ExecContext): Lowered {
  const { spec, facts } = context;
  const types = (spec.linux?.namespaces ?? []).map((entry) => entry.type);
  const mapped = types.includes('user');
  const terminal = lowerTerminal(process, context, CHILD_END, MAIN_END, false);
  const directories = cgroupDirectories(facts.cgroup, context.cgroupsPath);
  const unified = directories.find((directory) => directory.hierarchy === undefined);
  const rlimits = lowerRlimits(process.rlimits ?? [], facts, mapped ? PIDFD : undefined);
  const seccomp = lowerSeccomp(spec.linux?.seccomp, facts);
  const identity = lowerIdentity(process, facts, seccomp.filter, false);
  const preserve = context.preserveFds ?? 0;

  const main: Step[] = [
    { op: 'prctl', option: PRCTL.dumpable, a: 0 },
    {
      op: 'pidfd',
      pid: context.init.pid,
      starttime: BigInt(context.init.startTime),
      out: 'target',
      origin: 'container',
    },
    ...terminal.connect,
    ...openCgroups(directories),
  ];
  if (types.includes('pid')) main.push(enter('target', NAMESPACE_FLAGS.pid));
  main.push(
    { op: 'channel', a: MAIN_END, b: CHILD_END },
    {
      op: 'clone',
      program: 'child',
      flags: 0,
      ...(unified === undefined ? {} : { cgroup: 'cgroup' }),
      out: PIDFD,
      report: 1,
    },
    { op: 'close', slot: CHILD_END },
    ...rlimits.outside,
    ...lowerOomScore(process.oomScoreAdj, facts, PIDFD),
    { op: 'post', slot: MAIN_END },
    ...terminal.take,
  );
  if (context.mode === 'detached') {
    // The child's end closes by its exec, or with the child: only then is it known how it went.
    main.push({ op: 'wait', slot: MAIN_END }, { op: 'wait', slot: MAIN_END, onError: 'ignore' });
  }
  if (context.pidFile !== undefined) {
    main.push({ op: 'pidfile', path: context.pidFile, pidfd: PIDFD, origin: '--pid-file' });
  }
  if (context.mode === 'run') {
    main.push({ op: 'supervise', pidfd: PIDFD, ...(terminal.relay === undefined ? {} : { tty: terminal.relay }) });
  }

  const others = types.filter((type) => type !== 'pid').reduce((flags, type) => flags | NAMESPACE_FLAGS[type], 0);
  const child: Step[] = [{ op: 'close', slot: MAIN_END }, ...joinCgroups(directories), enter('target', others)];
  if (mapped) child.push({ op: 'ids', uid: 0, gid: 0, origin: 'linux.uidMappings' });
  child.push({ op: 'close', slot: 'target' });
  if (context.keyring !== undefined) child.push({ op: 'sessionKeyring', name: context.keyring, onError: 'warn' });
  if (process.terminal) child.push({ op: 'open', path: '/', flags: OPEN.path | OPEN.directory, out: 'root' });
  child.push(...terminal.open);
  if (process.terminal) child.push({ op: 'close', slot: 'root' });
  child.push({ op: 'wait', slot: CHILD_END }, ...rlimits.own, ...identity.steps);
  if (context.mode === 'detached') child.push({ op: 'post', slot: CHILD_END });
  if (context.mode === 'run') child.push({ op: 'close', slot: CHILD_END });
  child.push(...identity.last, execStep(process, preserve));

  return {
    plan: {
      programs: [
        { name: 'main', steps: main },
        { name: 'child', steps: child },
      ],
      ...inheritedSlots(preserve, context.terminal.kind === 'inherited' && process.terminal === true),
    },
    warnings: [...rlimits.warnings, ...seccomp.warnings, ...identity.warnings],
    cgroups: directories.map((directory) => directory.path),
  };
}

function enter(slot: string, flags: number): Step {
  return { op: 'setns', slot, flags, origin: 'linux.namespaces' };
}

function openCgroups(directories: readonly CgroupDirectory[]): Step[] {
  return directories.map(({ hierarchy, path }): Step => {
    if (hierarchy === undefined) {
      return { op: 'open', path, flags: OPEN.path | OPEN.directory, out: 'cgroup', origin: 'linux.cgroupsPath' };
    }
    const out = `tasks.${hierarchy.name}`;
    return { op: 'open', path: `${path}/tasks`, flags: OPEN.writeOnly, out, origin: 'linux.cgroupsPath' };
  });
}

function joinCgroups(directories: readonly CgroupDirectory[]): Step[] {
  return directories.flatMap(({ hierarchy }): Step[] => {
    if (hierarchy === undefined) return [{ op: 'close', slot: 'cgroup' }];
    const slot = `tasks.${hierarchy.name}`;
    return [
      { op: 'writeSlot', slot, data: '0', origin: 'linux.cgroupsPath' },
      { op: 'close', slot },
    ];
  });
}
