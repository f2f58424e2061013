import { constants } from 'node:os';
import type { HostFacts } from '#kernel/host-facts.ts';
import { CLONE, OPEN, PRCTL } from '#kernel/linux.ts';
import type { Program, Step } from '#kernel/plan.ts';
import { cgroupDirectories, directoriesAt, type CgroupDirectory } from '#runtime/cgroup/layout.ts';
import { joinedDirectories, type SubGroup } from '#runtime/cgroup/sub-group.ts';
import type { NamespaceType, Process, Spec } from '#runtime/spec/spec.ts';
import { attachToScope } from '#runtime/systemd/scope.ts';
import type { BusAddress } from '#runtime/systemd/bus.ts';
import { inheritedSlots, type LaunchMode, type Lowered, type TerminalMode } from './context.ts';
import { lowerExecListener, JOINER, PIDFD, type ExecListener } from './exec-listener.ts';
import { hasFixedGroups, leavesGroups } from './id-map.ts';
import { lowerIdentity, type LoweredIdentity } from './identity.ts';
import { joinRdt, type LoweredRdt } from './intel-rdt.ts';
import { NAMESPACE_FLAGS } from './namespaces.ts';
import { lowerOomScore, setsOwnOomScore } from './oom-score.ts';
import { lowerPidfdSocket } from './pidfd-socket.ts';
import { lowerAffinity, lowerPolicy } from './policy.ts';
import { execStep } from './program.ts';
import { lowerRlimits, type LoweredRlimits } from './rlimits.ts';
import type { ListenerSubject } from './seccomp-listener.ts';
import { lowerSpecSeccomp } from './seccomp-annotations.ts';
import { lowerTerminal, type LoweredTerminal } from './terminal.ts';

export interface ExecContext {
  /** The container's stored configuration: namespaces, filter, keyring. */
  spec: Spec;
  facts: HostFacts;
  /**
   * The container's init; `startTime` is field 22 of its /proc/PID/stat, so that no recycled pid is joined.
   * `inherited`: a descriptor of it is handed over, before any other.
   */
  init: { pid: number; startTime: string } | 'inherited';
  /** As `cgroupDirectories` takes it. */
  cgroupsPath: string;
  /** The control groups as they were made; without them, those that the path stands for. */
  cgroups?: readonly string[];
  /** A unit of the user's own systemd, which alone may move a process into its group. */
  scope?: { bus: BusAddress; unit: string };
  /** Who the agent of a filter's listener is told of. */
  subject?: Pick<ListenerSubject, 'id' | 'bundle'>;
  terminal: TerminalMode;
  /** Typed, they leave the program to itself; for a terminal that is relayed. */
  detachKeys?: readonly number[];
  mode: Exclude<LaunchMode, 'hold'>;
  /** Name of the container's session keyring, when it has one. */
  keyring?: string;
  pidFile?: string;
  preserveFds?: number;
  pidfdSocket?: string;
  /** The container's root is one by chroot: no namespace leads to it. */
  chroot?: boolean;
  /** Detached, somebody of ours stays behind and writes the program's exit status there (step `exitFile`). */
  exitFile?: string;
  /** The program is killed when the launcher is. */
  endsWithUs?: boolean;
  /** Below the container's own group. */
  subGroups?: readonly SubGroup[];
}

const TARGET = 'target';
const MAIN_END = 'to.child';
const CHILD_END = 'to.main';
/** The joiner and the child both write to the first channel; what closes by the child's exec is a second one. */
const EXEC_SEEN = 'exec.seen';
const EXEC_MADE = 'exec.made';
/** Between the launcher and the one that stays behind. */
const RUNS_SEEN = 'runs.seen';
const RUNS = 'runs';
const ROOT = 'container.root';
/** Of the terminal's steps, those that only the program's own process can do: it must lead its session. */
const OF_SESSION: ReadonlySet<string> = new Set(['setsid', 'controllingTty', 'stdio']);

interface Sections {
  process: Process;
  context: ExecContext;
  namespaces: readonly NamespaceType[];
  directories: readonly CgroupDirectory[];
  terminal: LoweredTerminal;
  rlimits: LoweredRlimits;
  identity: LoweredIdentity;
  rdt: LoweredRdt;
  listener: ExecListener;
}

/**
 * The plan of a further program in a running container. `joiner` enters all namespaces in one call through the
 * verified pidfd of init, takes on the program's rights, and only then makes `child`: what the container can see, and
 * with CAP_SYS_PTRACE take over, has nothing of the host and no right that the program has not.
 */
export function lowerExec(process: Process, context: ExecContext): Lowered {
  const { spec, facts } = context;
  const namespaces = (spec.linux?.namespaces ?? []).map((entry) => entry.type);
  const seccomp = lowerSpecSeccomp(spec, facts);
  const sections: Sections = {
    process,
    context,
    namespaces,
    directories: joinedDirectories(directoriesToJoin(context), context.subGroups ?? []),
    terminal: lowerTerminal(process, context, CHILD_END, MAIN_END, false),
    rlimits: lowerRlimits(process.rlimits ?? [], facts, namespaces.includes('user') ? JOINER : undefined),
    identity: lowerIdentity(process, facts, seccomp.filter, leavesGroups(spec, process, facts)),
    rdt: joinRdt(spec.linux, context.subject?.id ?? '', facts),
    listener: lowerExecListener(process, context, seccomp.notifies, { main: MAIN_END, child: CHILD_END }),
  };
  const sendsConsole = context.terminal.kind === 'inherited' && process.terminal === true;
  const { inherited = [] } = inheritedSlots(context.preserveFds ?? 0, sendsConsole);
  const slots = context.init === 'inherited' ? [TARGET, ...inherited] : inherited;
  return {
    plan: {
      programs: [
        ...mainPrograms(sections),
        { name: 'joiner', steps: joinerSteps(sections) },
        { name: 'child', steps: childSteps(sections) },
      ],
      ...(slots.length === 0 ? {} : { inherited: slots }),
    },
    warnings: [...sections.rlimits.warnings, ...sections.identity.warnings],
    cgroups: sections.directories.map((directory) => directory.path),
  };
}

/** Those that the joiner moves itself to. */
function directoriesToJoin({ facts, cgroups, cgroupsPath, scope }: ExecContext): CgroupDirectory[] {
  if (scope !== undefined) return [];
  return cgroups === undefined ? cgroupDirectories(facts.cgroup, cgroupsPath) : directoriesAt(facts.cgroup, cgroups);
}

function mainSteps({ process, context, directories, terminal, rlimits, rdt, listener }: Sections): Step[] {
  const { init, facts, mode, pidFile, scope } = context;
  const unified = directories.some((directory) => directory.hierarchy === undefined);
  const handed = lowerPidfdSocket(context.pidfdSocket, PIDFD);
  const steps: Step[] = [
    { op: 'prctl', option: PRCTL.dumpable, a: 0 },
    ...openTarget(init),
    ...openRoot(context),
    ...terminal.connect,
    ...handed.connect,
    ...openCgroups(directories),
    ...rdt.open,
  ];
  steps.push({ op: 'channel', a: MAIN_END, b: CHILD_END });
  const detached = mode === 'detached';
  if (detached) steps.push({ op: 'channel', a: EXEC_SEEN, b: EXEC_MADE });
  const group = unified ? { cgroup: 'cgroup' } : {};
  steps.push(...lowerAffinity(process, 'initial'));
  steps.push({ op: 'clone', program: 'joiner', flags: 0, ...group, out: JOINER });
  if (detached) steps.push({ op: 'close', slot: EXEC_MADE });
  steps.push({ op: 'close', slot: CHILD_END }, ...rlimits.outside);
  if (!setsOwnOomScore(facts)) steps.push(...lowerOomScore(process.oomScoreAdj, facts, JOINER));
  if (scope !== undefined) steps.push(...attachToScope(scope.bus, scope.unit, JOINER));
  steps.push({ op: 'post', slot: MAIN_END }, ...terminal.take);
  steps.push(...listener.take);
  steps.push({ op: 'adopt', pidfd: PIDFD, program: 'child', report: 1 }, ...handed.send, ...listener.send);
  if (detached) {
    // The child's end closes by its exec, or with the child: only then is it known how it went.
    steps.push({ op: 'wait', slot: EXEC_SEEN, onError: 'ignore' });
  }
  if (pidFile !== undefined) steps.push({ op: 'pidfile', path: pidFile, pidfd: PIDFD, origin: '--pid-file' });
  if (mode === 'run') {
    if (terminal.relay !== undefined && context.detachKeys !== undefined)
      steps.push({ op: 'detachKeys', keys: Uint8Array.from(context.detachKeys) });
    steps.push({ op: 'supervise', pidfd: PIDFD, ...(terminal.relay === undefined ? {} : { tty: terminal.relay }) });
  }
  return steps;
}

/** The launcher ends when the program runs; with an exit file it is another one that has made it, and waits for its end. */
function mainPrograms(sections: Sections): Program[] {
  const { exitFile } = sections.context;
  const steps = mainSteps(sections);
  if (exitFile === undefined) return [{ name: 'main', steps }];
  return [
    {
      name: 'main',
      steps: [
        { op: 'channel', a: RUNS_SEEN, b: RUNS },
        { op: 'clone', program: 'keeper', flags: 0, out: 'keeper' },
        { op: 'close', slot: RUNS },
        { op: 'wait', slot: RUNS_SEEN },
      ],
    },
    {
      name: 'keeper',
      steps: [
        { op: 'close', slot: RUNS_SEEN },
        // Keys typed at our caller's terminal are not for it.
        { op: 'setsid' },
        ...steps,
        { op: 'post', slot: RUNS },
        { op: 'close', slot: RUNS },
        { op: 'supervise', pidfd: PIDFD },
        { op: 'exitFile', path: exitFile, onError: 'ignore' },
      ],
    },
  ];
}

function openTarget(init: ExecContext['init']): Step[] {
  if (init === 'inherited') return [];
  return [{ op: 'pidfd', pid: init.pid, starttime: BigInt(init.startTime), out: TARGET, origin: 'container' }];
}

function joinerSteps(sections: Sections): Step[] {
  const { process, context, namespaces, directories, terminal, rlimits, identity, listener } = sections;
  const { keyring, mode, facts } = context;
  const flags = namespaces.reduce((all, type) => all | NAMESPACE_FLAGS[type], 0);
  const steps: Step[] = [...dieWithMain(context), { op: 'close', slot: MAIN_END }];
  if (setsOwnOomScore(facts)) steps.push(...lowerOomScore(process.oomScoreAdj, facts, undefined));
  if (mode === 'detached') steps.push({ op: 'close', slot: EXEC_SEEN });
  steps.push(...sections.rdt.join, ...joinCgroups(directories), ...lowerAffinity(process, 'final'), ...identity.open);
  steps.push(enter(TARGET, flags));
  if (namespaces.includes('user')) {
    const keepGroups = hasFixedGroups(context.spec, facts) ? 1 : 0;
    steps.push({ op: 'ids', uid: 0, gid: 0, keepGroups, origin: 'linux.uidMappings' });
  }
  steps.push({ op: 'close', slot: TARGET });
  if (context.chroot === true) steps.push({ op: 'chroot', root: ROOT }, { op: 'close', slot: ROOT });
  if (keyring !== undefined) steps.push({ op: 'sessionKeyring', name: keyring, onError: 'warn' });
  if (process.terminal) steps.push({ op: 'open', path: '/', flags: OPEN.path | OPEN.directory, out: 'root' });
  steps.push(...terminal.open.filter((step) => !isOfSession(step)));
  if (process.terminal) steps.push({ op: 'close', slot: 'root' });
  steps.push({ op: 'wait', slot: CHILD_END }, ...rlimits.own, ...lowerPolicy(process, context.spec.linux));
  steps.push(...identity.steps);
  // A filter that is in force by now may deny it; then that is what the failure names.
  const filtered = identity.steps.some((step) => step.op === 'seccomp') ? { origin: 'linux.seccomp' } : {};
  steps.push({ op: 'clone', program: 'child', flags: CLONE.parent, out: PIDFD, ...filtered });
  steps.push(...listener.offer);
  return steps;
}

function childSteps({ process, context, terminal, identity, listener }: Sections): Step[] {
  const { mode, preserveFds = 0 } = context;
  const steps: Step[] = [...dieWithMain(context), ...terminal.open.filter(isOfSession)];
  const close: Step = { op: 'close', slot: CHILD_END };
  // After the filter nothing is done that it might deny, unless somebody answers for it.
  if (listener.seen.length > 0) steps.push(...identity.last, ...listener.seen, close);
  else steps.push(close, ...identity.last);
  steps.push(execStep(process, preserveFds, mode === 'detached' ? EXEC_MADE : undefined));
  return steps;
}

/** Our parent is `main`, which the child has from the joiner. */
function dieWithMain({ endsWithUs }: ExecContext): Step[] {
  return endsWithUs === true ? [{ op: 'prctl', option: PRCTL.deathSignal, a: constants.signals.SIGKILL }] : [];
}

function isOfSession(step: Step): boolean {
  return OF_SESSION.has(step.op) || (step.op === 'close' && step.slot === 'peer');
}

/** The process is opened once more: only then is it known whose root that is. */
function openRoot({ init, chroot }: ExecContext): Step[] {
  if (chroot !== true || init === 'inherited') return [];
  const flags = OPEN.path | OPEN.directory;
  const root: Step = { op: 'open', path: `/proc/${init.pid}/root`, flags, out: ROOT, origin: 'container' };
  return [root, ...openTarget(init)];
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
