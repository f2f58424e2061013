import { Fault } from '#base/fault.ts';
import { CLONE, OPEN, PRCTL } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { annotation, annotationWarnings } from '#runtime/spec/annotations.ts';
import type { Process, Spec } from '#runtime/spec/spec.ts';
import { lowerCgroup, type LoweredCgroup } from './cgroup.ts';
import { cutOff } from './cut-off.ts';
import { inheritedSlots, type LowerContext, type Lowered } from './context.ts';
import { closeLeftOpen } from './left-open.ts';
import { lowerDevices } from './devices.ts';
import { hasHooks, lowerHooks, type HookSubject } from './hooks.ts';
import { lowerHiddenPaths } from './hidden-paths.ts';
import { keepsGroups, lowerIdentity, type LoweredIdentity } from './identity.ts';
import { lowerRdt, type LoweredRdt } from './intel-rdt.ts';
import { lowerIdMap } from './id-map.ts';
import { propagationFlags } from './mount-options.ts';
import type { LoweredMounts } from './lowered-mounts.ts';
import { mountPlace, type MountPlace } from './mount-namespace.ts';
import { lowerMounts } from './mounts.ts';
import { lowerNamespaces, type LoweredNamespaces } from './namespaces.ts';
import { lowerOomScore } from './oom-score.ts';
import { hasNetDevices, lowerNetDevices } from './net-devices.ts';
import { notifyProgram, openNotify, withNotify } from './notify.ts';
import { lowerPidfdSocket } from './pidfd-socket.ts';
import { lowerPolicy } from './policy.ts';
import { execStep, findStep } from './program.ts';
import { lowerRlimits, type LoweredRlimits } from './rlimits.ts';
import { lowerFirstPropagation, lowerLeave, lowerRoot, rootSource } from './root.ts';
import { handedOver, handOver, takeListener } from './seccomp-listener.ts';
import { lowerSpecSeccomp } from './seccomp-annotations.ts';
import { lowerSysctl } from './sysctl.ts';
import { lowerTerminal, type LoweredTerminal } from './terminal.ts';

/** The two ends of the channel between the first program and init. */
const MAIN_END = 'to.init';
const INIT_END = 'to.main';
const PIDFD = 'init';
const ON_HOST = 'linux.namespaces: without a mount namespace the mounts of the container are in sight of the host';
/** The launcher's own pid namespace, to come back to. */
const OWN_PIDS = 'own.pids';

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
  place: MountPlace;
  rdt: LoweredRdt;
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
  const spec = withNotify(asked, context.notify);
  const process = spec.process;
  if (process === undefined) throw new Fault('invalid', 'process is missing', { field: 'process' });
  const namespaces = lowerNamespaces(spec);
  const cgroup = lowerCgroup(spec, context);
  const mapped = namespaces.isNew('user');
  const groups = { namespaced: namespaces.has('cgroup'), directories: cgroup.directories };
  const place = mountPlace(spec, context);
  const mounts = lowerMounts(spec, context, groups, !mapped && place === 'own');
  const seccomp = lowerSpecSeccomp(spec, context.facts, context.seccompProgram);
  const filter = seccomp.notifies ? [...seccomp.filter, ...handedOver(INIT_END)] : seccomp.filter;
  const identity = lowerIdentity(process, context.facts, filter, keepsGroups(spec));
  const sections: Sections = {
    spec,
    process,
    context,
    cgroup,
    namespaces,
    mapped,
    place,
    terminal: lowerTerminal(process, context, INIT_END, MAIN_END),
    rlimits: lowerRlimits(process.rlimits ?? [], context.facts, mapped ? PIDFD : undefined),
    rdt: lowerRdt(spec.linux, context.id, context.facts),
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
    warnings: [
      ...annotationWarnings(spec),
      ...(place === 'host' ? [ON_HOST] : []),
      ...cgroup.warnings,
      ...rlimits.warnings,
      ...identity.warnings,
    ],
    cgroups: cgroup.directories.map((directory) => directory.path),
  };
}

function initSteps(sections: Sections, mounts: LoweredMounts, identity: LoweredIdentity): Step[] {
  const steps = [
    ...enterSteps(sections, identity),
    ...treeSteps(sections, mounts.attach, mounts.finish),
    ...leaveSteps(sections),
  ];
  // One that waits to be started keeps nothing open but its fifos; any other is about to close everything anyway.
  if (waitsForGo(sections)) steps.push(...closeLeftOpen(steps, identity.steps));
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

/** Init stops before the pivot, for hooks that find the container made but can still see the host. */
function waitsForHooks({ spec }: Sections): boolean {
  return hasHooks(spec, 'prestart', 'createRuntime', 'createContainer');
}

/**
 * A terminal is opened once the rules for devices stand: on version 1 everything is denied until the last of them is
 * written. (Hooks are waited for anyway, and come after the rules.)
 */
function waitsForRules(sections: Sections): boolean {
  const { process, context, cgroup } = sections;
  const gradual = cgroup.devices.length > 0 && context.facts.cgroup.mode !== 'v2';
  return process.terminal === true && gradual && !waitsForHooks(sections);
}

/** Init does nothing before its ids are mapped, and its network devices (that settings may be for) are there. */
function waitsForHost({ spec, mapped }: Sections): boolean {
  return mapped || hasNetDevices(spec);
}

/**
 * The first program opens the sources: init has no right to, or would find another tree by their paths. In the host's own
 * namespace they are to be cut off from it.
 */
function opensEarly({ mapped, place }: Sections): boolean {
  return mapped || place !== 'own';
}

/** The first program: the host's side. */
function mainSteps(sections: Sections): Step[] {
  const { spec, process, context, cgroup, namespaces, terminal, rlimits, mapped, place, relayed } = sections;
  const { state, pidFile } = context.paths ?? {};
  const hooks = mainHooks(sections);
  const pidfd = lowerPidfdSocket(context.pidfdSocket ?? annotation(spec, 'run.oci.pidfd_receiver'), PIDFD);
  const steps: Step[] = [...hooks.leave, ...namespaces.open, ...terminal.connect, ...pidfd.connect];
  // Before anything is made: that a fifo is open tells whoever deletes the container that somebody is making it.
  if (waitsForGo(sections)) steps.push(...makeFifos(sections));
  steps.push(...cgroup.create, ...sections.rdt.open);
  if (relayed !== undefined && context.notify !== undefined) steps.push(openNotify(context.notify));
  if (opensEarly(sections)) steps.push(...cutOff(sections.sources, spec.linux?.rootfsPropagation));
  if (place === 'joined') steps.push(...hostParts(sections).map(asTree));
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
  if (mapped) steps.push(lowerIdMap(spec, PIDFD), ...rlimits.outside);
  steps.push(...lowerNetDevices(spec, namespaces, context.hostNamespaces?.has('network') === true, PIDFD));
  if (waitsForHost(sections)) steps.push({ op: 'post', slot: MAIN_END });
  steps.push(...cgroup.limits, ...lowerOomScore(process.oomScoreAdj, context.facts, PIDFD));
  if (cgroup.devices.length > 0) steps.push({ op: 'wait', slot: MAIN_END }, ...cgroup.devices);
  if (waitsForRules(sections)) steps.push({ op: 'post', slot: MAIN_END });
  steps.push(...hooks.made, { op: 'post', slot: MAIN_END }, ...terminal.take, ...listenerSteps(sections));
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
  return [
    { op: 'mkfifo', path: go, mode: 0o600 },
    { op: 'mkfifo', path: report, mode: 0o600 },
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

/** Init's first part: into the control groups and the namespaces. */
function enterSteps(sections: Sections, identity: LoweredIdentity): Step[] {
  const { spec, context, cgroup, namespaces, mapped, place } = sections;
  const steps: Step[] = [{ op: 'close', slot: MAIN_END }];
  if (namespaces.join.length > 0) steps.push({ op: 'prctl', option: PRCTL.dumpable, a: 0 });
  if (waitsForHost(sections)) steps.push({ op: 'wait', slot: INIT_END });
  if (mapped) {
    const keepGroups = keepsGroups(spec) ? 1 : 0;
    steps.push({ op: 'ids', uid: 0, gid: 0, keepGroups, origin: 'linux.uidMappings' });
  }
  steps.push(
    ...identity.open,
    ...cgroup.join,
    ...sections.rdt.join,
    ...namespaces.join,
    ...namespaces.unshare,
    ...lowerFirstPropagation(spec, place),
  );
  if (context.noNewKeyring !== true) {
    steps.push({ op: 'sessionKeyring', name: `_ses.${context.id}`, onError: 'warn', origin: 'session keyring' });
  }
  return steps;
}

/** The tree: everything below slot `root`, while the host's tree is still in sight. */
function treeSteps(sections: Sections, attach: readonly Step[], finish: readonly Step[]): Step[] {
  const { spec, process, context, cgroup, namespaces, place } = sections;
  const devices = devicesOf(sections);
  const hidden = lowerHiddenPaths(spec, context.facts);
  const steps: Step[] = place === 'joined' ? [] : hostParts(sections);
  if (!opensEarly(sections)) steps.push(...sections.sources);
  steps.push(...lowerRoot(spec, context, place), ...attach);
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

function devicesOf({ spec, mapped, namespaces }: Sections): ReturnType<typeof lowerDevices> {
  return lowerDevices(spec, mapped || namespaces.has('user'));
}

/** What is taken from the host's /dev, while nothing else can be in sight. */
function hostParts(sections: Sections): Step[] {
  return [...lowerHiddenPaths(sections.spec, sections.context.facts).prepare, ...devicesOf(sections).open];
}

/** What is opened is still a part of the host's namespace, and nothing that can be mounted in another. */
function asTree(step: Step): Step {
  if (step.op !== 'open') return step;
  const { path, out, origin } = step;
  return { op: 'tree', path, out, ...(origin === undefined ? {} : { origin }) };
}

/** Leaves the host's tree; then what belongs to the new one as a whole. */
function leaveSteps(sections: Sections): Step[] {
  const { spec, context, namespaces, terminal, place } = sections;
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
  steps.push(...lowerLeave(spec, context.noPivot, place));
  const flags = propagationFlags(spec.linux?.rootfsPropagation);
  if (flags !== 0) steps.push({ op: 'propagation', flags, origin: 'linux.rootfsPropagation' });
  if (waitsForRules(sections)) steps.push({ op: 'wait', slot: INIT_END });
  steps.push(...terminal.open, { op: 'close', slot: 'root' });
  if (spec.root?.readonly) steps.push({ op: 'remountRoot', origin: 'root.readonly' });
  return steps;
}

/** Waits until the limits stand, then becomes the container's program. */
function becomeSteps(sections: Sections, identity: readonly Step[], last: readonly Step[]): Step[] {
  const { spec, process, context, rlimits } = sections;
  const waits = waitsForGo(sections);
  const steps: Step[] = [{ op: 'wait', slot: INIT_END }];
  steps.push(...rlimits.own, ...lowerPolicy(process, spec.linux), ...withSearch(sections, identity));
  if (context.mode !== 'run' || waits) steps.push({ op: 'post', slot: INIT_END });
  if (context.mode !== 'detached') steps.push({ op: 'close', slot: INIT_END });
  if (waits) steps.push({ op: 'reportTo', slot: 'report' }, { op: 'awaitGo', slot: 'go' });
  steps.push(...lowerHooks(spec, 'startContainer', subject(context)), ...last);
  // Only here: PID 1 must hold no more rights than the program, which may be able to trace it.
  if (context.init === true) steps.push({ op: 'init', origin: '--init' });
  steps.push(execStep(process, context.preserveFds ?? 0, context.mode === 'detached' ? INIT_END : undefined));
  return steps;
}

/**
 * Engines take it for a failure of `create` when there is no such program. Not after the filter, which may deny the
 * search; nor where a hook of the container's own may still bring the program.
 */
function withSearch({ spec, process, context }: Sections, identity: readonly Step[]): readonly Step[] {
  if (context.mode !== 'hold' || hasHooks(spec, 'startContainer')) return identity;
  const filter = identity.findIndex((step) => step.op === 'seccomp');
  return identity.toSpliced(filter < 0 ? identity.length : filter, 0, findStep(process));
}
