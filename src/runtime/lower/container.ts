import { Fault } from '#base/fault.ts';
import { CLONE, OPEN, PRCTL, PROPAGATION } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { lowerCgroup, type LoweredCgroup } from './cgroup.ts';
import { INIT_PIDFD, inheritedSlots, type LowerContext, type Lowered } from './context.ts';
import { lowerDevices } from './devices.ts';
import { fitUserNamespace } from './fit-user-namespace.ts';
import { hasHooks, lowerHooks, type HookSubject } from './hooks.ts';
import { lowerHiddenPaths } from './hidden-paths.ts';
import { keepsGroups, lowerIdentity, type LoweredIdentity } from './identity.ts';
import { hasFixedGroups, leavesGroups, lowerIdMap } from './id-map.ts';
import { propagationFlags } from './mount-options.ts';
import type { LoweredMounts } from './lowered-mounts.ts';
import { lowerMounts } from './mounts.ts';
import { lowerNamespaces, type LoweredNamespaces } from './namespaces.ts';
import { lowerOomScore, setsOwnOomScore } from './oom-score.ts';
import { notifyProgram, openNotify, withNotify } from './notify.ts';
import { lowerPidfdSocket } from './pidfd-socket.ts';
import { lowerPolicy } from './policy.ts';
import { execStep } from './program.ts';
import { hasHostRights, livesInUserNamespace, requireUserNamespace } from './rights.ts';
import { lowerRlimits, type LoweredRlimits } from './rlimits.ts';
import { lowerFirstPropagation, lowerLeave, lowerRoot, rootSource } from './root.ts';
import { handedOver, handOver, takeListener } from './seccomp-listener.ts';
import { lowerSeccomp } from './seccomp.ts';
import { lowerSysctl } from './sysctl.ts';
import { lowerTerminal, type LoweredTerminal } from './terminal.ts';

/** The two ends of the channel between the first program and init. */
const MAIN_END = 'to.init';
const INIT_END = 'to.main';
const PIDFD = INIT_PIDFD;
/** The launcher's own pid namespace, to come back to. */
const OWN_PIDS = 'own.pids';
const UNCHANGED = 0xffff_ffff;
const NO_MAPPERS = { uids: undefined, gids: undefined };

interface Sections {
  spec: Spec;
  process: Process;
  context: LowerContext;
  cgroup: LoweredCgroup;
  namespaces: LoweredNamespaces;
  terminal: LoweredTerminal;
  rlimits: LoweredRlimits;
  /** A new user namespace: the first program opens what is the host's and writes the maps. */
  mapped: boolean;
  /** Sources are cloned by the first program (`main`), or by init: before it changes its ids, or when their turn comes. */
  cloner: 'main' | 'early' | 'inTurn';
  /** The filter has a listener, who gets it while the container is made. */
  notifies: boolean;
  /** Waits for the container to be ready, beside the first program. */
  relayed: ReturnType<typeof notifyProgram> | undefined;
  /** Steps of the first program or of init, depending on who has the rights: clones of host trees. */
  sources: Step[];
}

/**
 * The plan of a container: `spec` must have passed checkSpec. Two programs, `main` (the launcher's own process) and
 * `init`. They overlap: main writes limits while init mounts, and nothing of the image runs before main has said so.
 * Throws faults with the field of the configuration.
 */
export function lowerContainer(asked: Spec, context: LowerContext): Lowered {
  const { facts } = context;
  requireUserNamespace(asked, facts);
  const spec = fitUserNamespace(withNotify(asked, context.notify), context);
  const process = spec.process;
  if (process === undefined) throw new Fault('invalid', 'process is missing', { field: 'process' });
  const namespaces = lowerNamespaces(spec, !hasHostRights(facts));
  const cgroup = lowerCgroup(spec, context);
  const mapped = namespaces.isNew('user');
  const isUnified = facts.cgroup.mode === 'v2';
  const groups = { namespaced: namespaces.has('cgroup'), directories: cgroup.directories, isUnified };
  const mounts = lowerMounts(spec, context, groups, !mapped);
  const seccomp = lowerSeccomp(spec.linux?.seccomp, facts, context.seccompProgram);
  const filter = seccomp.notifies ? [...seccomp.filter, ...handedOver(INIT_END)] : seccomp.filter;
  const identity = lowerIdentity(process, facts, filter, keepsGroups(spec) || leavesGroups(spec, process, facts));
  const sections: Sections = {
    spec,
    process,
    context,
    cgroup,
    namespaces,
    mapped,
    cloner: !mapped ? 'inTurn' : hasHostRights(facts) ? 'main' : 'early',
    terminal: lowerTerminal(process, context, INIT_END, MAIN_END),
    rlimits: lowerRlimits(process.rlimits ?? [], facts, mapped ? PIDFD : undefined),
    notifies: seccomp.notifies,
    relayed: context.notify && context.mode === 'run' ? notifyProgram(context.notify, PIDFD) : undefined,
    sources: [...rootSource(context), ...mounts.sources],
  };
  const { rlimits, relayed } = sections;
  return {
    plan: {
      programs: [
        { name: 'main', steps: mainSteps(sections) },
        {
          name: 'init',
          steps: initSteps(sections, mounts, identity),
        },
        ...(relayed === undefined ? [] : [relayed.program]),
      ],
      ...inheritedSlots(context.preserveFds ?? 0, context.terminal.kind === 'inherited' && process.terminal === true),
    },
    warnings: [...cgroup.warnings, ...rlimits.warnings, ...identity.warnings],
    cgroups: cgroup.directories.map((directory) => directory.path),
  };
}

function initSteps(sections: Sections, mounts: LoweredMounts, identity: LoweredIdentity): Step[] {
  const steps = [
    ...enterSteps(sections),
    ...treeSteps(sections, mounts.attach, mounts.finish),
    ...leaveSteps(sections),
  ];
  // One that waits to be started keeps nothing open but its fifos; any other is about to close everything anyway.
  if (waitsForGo(sections)) steps.push(...closeLeftOpen(steps));
  const { steps: own, last } = identity;
  steps.push(...(sections.notifies ? becomeSteps(sections, [...own, ...last], []) : becomeSteps(sections, own, last)));
  return steps;
}

/**
 * Init stops before its last steps. So it does for `poststart` too, which has to know that the program was executed:
 * then the first program releases it.
 */
function waitsForGo({ spec, context }: Sections): boolean {
  return context.mode === 'hold' || hasHooks(spec, 'poststart');
}

/** A terminal is opened once all device rules are written: after the first of them it is denied. */
function opensDevices({ process, cgroup }: Sections): boolean {
  return process.terminal === true && cgroup.devices.length > 0;
}

/** Init does nothing until the first program has mapped its ids, or had it moved. */
function isHeld({ mapped, cgroup }: Sections): boolean {
  return mapped || cgroup.attach.length > 0;
}

/** Init stops before the pivot, for hooks that find the container made but can still see the host. */
function waitsForHooks({ spec }: Sections): boolean {
  return hasHooks(spec, 'prestart', 'createRuntime', 'createContainer');
}

function closeLeftOpen(steps: readonly Step[]): Step[] {
  const open = new Set<string>();
  for (const step of steps) {
    if (step.op === 'close') open.delete(step.slot);
    else if ('out' in step && step.out !== undefined) open.add(step.out);
  }
  return [...open].map((slot): Step => ({ op: 'close', slot }));
}

/** The first program: the host's side. */
function mainSteps(sections: Sections): Step[] {
  const { spec, process, context, cgroup, namespaces, terminal, rlimits, mapped, relayed } = sections;
  const { state, pidFile } = context.paths ?? {};
  const hooks = mainHooks(sections);
  const pidfd = lowerPidfdSocket(context.pidfdSocket, PIDFD);
  const steps: Step[] = [...hooks.leave, ...namespaces.open, ...terminal.connect, ...pidfd.connect, ...cgroup.create];
  if (relayed !== undefined && context.notify !== undefined) steps.push(openNotify(context.notify));
  if (waitsForGo(sections)) steps.push(...makeFifos(sections));
  if (sections.cloner === 'main') steps.push(...cutOff(sections));
  steps.push({ op: 'channel', a: MAIN_END, b: INIT_END });
  steps.push({
    op: 'clone',
    program: 'init',
    flags: namespaces.cloneFlags,
    ...(cgroup.cloneInto === undefined ? {} : { cgroup: cgroup.cloneInto }),
    out: PIDFD,
    report: 1,
    origin: 'linux.namespaces',
  });
  steps.push({ op: 'close', slot: INIT_END }, ...hooks.comeBack, ...pidfd.send);
  steps.push(...(relayed?.start ?? []));
  if (state !== undefined) steps.push({ op: 'pidfile', path: state, pidfd: PIDFD, starttime: 1 });
  if (mapped) {
    const { facts, mappers = NO_MAPPERS } = context;
    steps.push(...lowerIdMap(spec, PIDFD, facts, mappers), ...rlimits.outside);
  }
  steps.push(...cgroup.attach);
  if (isHeld(sections)) steps.push({ op: 'post', slot: MAIN_END });
  steps.push(...cgroup.limits);
  if (!setsOwnOomScore(context.facts)) steps.push(...lowerOomScore(process.oomScoreAdj, context.facts, PIDFD));
  if (cgroup.devices.length > 0) steps.push({ op: 'wait', slot: MAIN_END }, ...cgroup.devices);
  steps.push(...hooks.made);
  if (opensDevices(sections)) steps.push({ op: 'post', slot: MAIN_END });
  steps.push({ op: 'post', slot: MAIN_END }, ...terminal.take, ...listenerSteps(sections));
  if (context.mode !== 'run' || waitsForGo(sections)) steps.push({ op: 'wait', slot: MAIN_END });
  // The child's end closes by its exec, or with the child: only then is it known how it went.
  if (context.mode === 'detached') steps.push({ op: 'wait', slot: MAIN_END, onError: 'ignore' });
  if (pidFile !== undefined) steps.push({ op: 'pidfile', path: pidFile, pidfd: PIDFD, origin: '--pid-file' });
  steps.push(...hooks.started);
  if (context.mode === 'run') {
    steps.push({ op: 'supervise', pidfd: PIDFD, ...(terminal.relay === undefined ? {} : { tty: terminal.relay }) });
    if (context.cleanUp === true) steps.push(...cgroup.remove);
  }
  return steps;
}

function listenerSteps({ notifies, spec, context }: Sections): Step[] {
  if (!notifies) return [];
  const handover = { channel: MAIN_END, holder: PIDFD, pidfd: PIDFD };
  return [takeListener(handover), ...handOver({ spec, ...subject(context), status: 'creating' }, handover)];
}

interface MainHooks {
  /** Before a pid namespace is entered for the sake of init, and after init is made: hooks are not to be in it. */
  leave: Step[];
  comeBack: Step[];
  /** The container is made, but for its pivot. */
  made: Step[];
  /** Its program runs; only for a first program that starts it itself. */
  started: Step[];
}

/** Hooks in the namespaces of the runtime. */
function mainHooks(sections: Sections): MainHooks {
  const { spec, context, namespaces } = sections;
  const place = { ...(context.bundle === undefined ? {} : { cwd: context.bundle }), pidfd: PIDFD };
  const of = (kind: 'prestart' | 'createRuntime' | 'poststart'): Step[] =>
    lowerHooks(spec, kind, subject(context), place);
  const made: Step[] = waitsForHooks(sections)
    ? [{ op: 'wait', slot: MAIN_END }, ...of('prestart'), ...of('createRuntime'), { op: 'post', slot: MAIN_END }]
    : [];
  const starts = context.mode !== 'hold' && waitsForGo(sections);
  const started = starts ? [...releaseSteps(context), ...of('poststart')] : [];
  const joinsPids = namespaces.has('pid') && !namespaces.isNew('pid') && made.length + started.length > 0;
  const comeBack: Step[] = joinsPids
    ? [
        { op: 'setns', slot: OWN_PIDS, flags: CLONE.newpid, origin: 'hooks' },
        { op: 'close', slot: OWN_PIDS, origin: 'hooks' },
      ]
    : [];
  // Whoever reads the report knows its end by init alone having it open.
  if (starts) comeBack.push({ op: 'close', slot: 'go' }, { op: 'close', slot: 'report' });
  const own: Step = { op: 'open', path: '/proc/self/ns/pid', flags: OPEN.readOnly, out: OWN_PIDS, origin: 'hooks' };
  return { leave: joinsPids ? [own] : [], comeBack, made, started };
}

function releaseSteps(context: LowerContext): Step[] {
  const { go, report } = fifos(context);
  return [
    { op: 'release', go, report },
    { op: 'unlink', path: go },
    { op: 'unlink', path: report },
  ];
}

function subject({ id, bundle = '' }: LowerContext): HookSubject {
  return { id, bundle };
}

/** Opened for both directions, so that neither open nor read needs the other side to be there. */
function makeFifos({ context }: Sections): Step[] {
  const { go, report } = fifos(context);
  const owner = context.facts.uid === 0 ? {} : { uid: UNCHANGED, gid: UNCHANGED };
  return [
    { op: 'mkfifo', path: go, mode: 0o600, ...owner },
    { op: 'mkfifo', path: report, mode: 0o600, ...owner },
    { op: 'open', path: go, flags: OPEN.readWrite, out: 'go' },
    { op: 'open', path: report, flags: OPEN.readWrite, out: 'report' },
  ];
}

function fifos({ paths }: LowerContext): { go: string; report: string } {
  const { go, report } = paths ?? {};
  if (go === undefined || report === undefined)
    throw new Fault('internal', 'Lower a container: no paths for its fifos');
  return { go, report };
}

/** Clones made in the host's own mount namespace must not carry mounts back to the host. */
function cutOff({ spec, sources }: Sections): Step[] {
  const shared = (propagationFlags(spec.linux?.rootfsPropagation) & PROPAGATION.shared) !== 0;
  return sources.flatMap((step): Step[] => {
    if (step.op !== 'tree' || (shared && step.out !== 'root')) return [step];
    const cut: Step = { op: 'mountAttr', slot: step.out, propagation: PROPAGATION.slave, recursive: 1 };
    return [step, { ...cut, ...(step.origin === undefined ? {} : { origin: step.origin }) }];
  });
}

/** Init's first part: into the control groups and the namespaces. */
function enterSteps(sections: Sections): Step[] {
  const { spec, process, context, cgroup, namespaces, mapped, cloner } = sections;
  const steps: Step[] = [{ op: 'close', slot: MAIN_END }];
  if (setsOwnOomScore(context.facts)) steps.push(...lowerOomScore(process.oomScoreAdj, context.facts, undefined));
  if (namespaces.join.length > 0) steps.push({ op: 'prctl', option: PRCTL.dumpable, a: 0 });
  if (isHeld(sections)) steps.push({ op: 'wait', slot: INIT_END });
  steps.push(...cgroup.join);
  if (mapped) {
    const keepGroups = keepsGroups(spec) || hasFixedGroups(spec, context.facts) ? 1 : 0;
    // As who called us: their directories need not be open to whom the container's root is on the host.
    if (cloner === 'early') steps.push(lowerFirstPropagation(spec), ...sections.sources);
    steps.push({ op: 'ids', uid: 0, gid: 0, keepGroups, origin: 'linux.uidMappings' });
  }
  steps.push(...namespaces.join, ...namespaces.unshare);
  if (cloner !== 'early') steps.push(lowerFirstPropagation(spec));
  if (context.noNewKeyring !== true) {
    steps.push({ op: 'sessionKeyring', name: `_ses.${context.id}`, onError: 'warn', origin: 'session keyring' });
  }
  return steps;
}

/** The tree: everything below slot `root`, while the host's tree is still in sight. */
function treeSteps(sections: Sections, attach: readonly Step[], finish: readonly Step[]): Step[] {
  const { spec, process, context, cgroup, namespaces } = sections;
  const devices = lowerDevices(spec, livesInUserNamespace(spec, context.facts));
  const hidden = lowerHiddenPaths(spec);
  const steps: Step[] = [...hidden.prepare, ...devices.open];
  if (sections.cloner === 'inTurn') steps.push(...sections.sources);
  steps.push(...lowerRoot(spec, context), ...attach);
  steps.push(...devices.make);
  // The device rules come after the nodes are made: while they are being written, making one may be refused.
  if (cgroup.devices.length > 0) steps.push({ op: 'post', slot: INIT_END });
  if (process.cwd !== '/') {
    steps.push({
      op: 'mkpath',
      root: 'root',
      path: process.cwd,
      mode: 0o755,
      rootOk: 1,
      origin: 'process.cwd',
    });
  }
  const isOwn = (type: Parameters<LoweredNamespaces['has']>[0]): boolean =>
    namespaces.has(type) && context.hostNamespaces?.has(type) !== true;
  steps.push(...finish, ...lowerSysctl(spec, isOwn), ...hidden.hide);
  return steps;
}

/** Leaves the host's tree; then what belongs to the new one as a whole. */
function leaveSteps(sections: Sections): Step[] {
  const { spec, context, namespaces, terminal } = sections;
  const steps: Step[] = [];
  if (namespaces.isNew('network')) {
    steps.push({ op: 'ifUp', name: 'lo', onError: 'warn', origin: 'linux.namespaces' });
  }
  if (spec.hostname) steps.push({ op: 'hostname', name: spec.hostname, origin: 'hostname' });
  if (spec.domainname) steps.push({ op: 'domainname', name: spec.domainname, origin: 'domainname' });
  if (waitsForHooks(sections)) {
    const cwd = context.root.kind === 'directory' ? { cwd: context.root.path } : {};
    steps.push({ op: 'post', slot: INIT_END }, { op: 'wait', slot: INIT_END });
    steps.push(...lowerHooks(spec, 'createContainer', subject(context), cwd));
  }
  steps.push(...lowerLeave(spec, context.noPivot));
  const flags = propagationFlags(spec.linux?.rootfsPropagation);
  if (flags !== 0) steps.push({ op: 'propagation', flags, origin: 'linux.rootfsPropagation' });
  if (opensDevices(sections)) steps.push({ op: 'wait', slot: INIT_END });
  steps.push(...terminal.open, { op: 'close', slot: 'root' });
  if (spec.root?.readonly) steps.push({ op: 'remountRoot', origin: 'root.readonly' });
  return steps;
}

/** Waits until the limits stand, then becomes the container's program. */
function becomeSteps(sections: Sections, identity: readonly Step[], last: readonly Step[]): Step[] {
  const { spec, process, context, rlimits } = sections;
  const waits = waitsForGo(sections);
  const steps: Step[] = [{ op: 'wait', slot: INIT_END }];
  steps.push(...rlimits.own, ...lowerPolicy(process, spec.linux), ...identity);
  if (context.mode !== 'run' || waits) steps.push({ op: 'post', slot: INIT_END });
  if (context.mode !== 'detached') steps.push({ op: 'close', slot: INIT_END });
  if (waits) steps.push({ op: 'reportTo', slot: 'report' }, { op: 'awaitGo', slot: 'go' });
  steps.push(...lowerHooks(spec, 'startContainer', subject(context)), ...last);
  // Only here: PID 1 must hold no more rights than the program, which may be able to trace it.
  if (context.init === true) steps.push({ op: 'init', origin: '--init' });
  steps.push(execStep(process, context.preserveFds ?? 0, context.mode === 'detached' ? INIT_END : undefined));
  return steps;
}
