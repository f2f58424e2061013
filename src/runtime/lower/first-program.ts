import { CLONE, OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { annotation } from '#runtime/spec/annotations.ts';
import type { LowerContext } from './context.ts';
import { cutOff } from './cut-off.ts';
import { lowerHooks } from './hooks.ts';
import { lowerIdMap } from './id-map.ts';
import { lowerNetDevices } from './net-devices.ts';
import { openNotify } from './notify.ts';
import { lowerOomScore, setsOwnOomScore } from './oom-score.ts';
import { lowerPidfdSocket } from './pidfd-socket.ts';
import { handOver, takeListener } from './seccomp-listener.ts';
import {
  fifos,
  hostParts,
  INIT_END,
  MAIN_END,
  PIDFD,
  subject,
  waitsForGo,
  waitsForHooks,
  waitsForHost,
  type Sections,
} from './sections.ts';

/** The launcher's own pid namespace, to come back to. */
const OWN_PIDS = 'own.pids';
const UNCHANGED = 0xffff_ffff;
const NO_MAPPERS = { uids: undefined, gids: undefined };

/** The first program: the host's side. */
export function mainSteps(sections: Sections): Step[] {
  const { spec, process, context, cgroup, namespaces, terminal, rlimits, mapped, place, relayed } = sections;
  const { state, pidFile } = context.paths ?? {};
  const hooks = mainHooks(sections);
  const pidfd = lowerPidfdSocket(context.pidfdSocket ?? annotation(spec, 'run.oci.pidfd_receiver'), PIDFD);
  const steps: Step[] = [...hooks.leave, ...namespaces.open, ...terminal.connect, ...pidfd.connect];
  // Before anything is made: that a fifo is open tells whoever deletes the container that somebody is making it.
  if (waitsForGo(sections)) steps.push(...makeFifos(sections));
  steps.push(...cgroup.create, ...sections.rdt.open);
  if (relayed !== undefined && context.notify !== undefined) steps.push(openNotify(context.notify));
  steps.push(...sections.mappedRoot.steps);
  if (sections.cloner === 'main') steps.push(...cutOff(sections.sources, spec.linux?.rootfsPropagation));
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
  if (mapped) {
    const { facts, mappers = NO_MAPPERS } = context;
    steps.push(...lowerIdMap(spec, PIDFD, facts, mappers), ...rlimits.outside);
  }
  steps.push(...cgroup.attach);
  steps.push(...lowerNetDevices(spec, namespaces, context.hostNamespaces?.has('network') === true, PIDFD));
  steps.push(...(context.attach?.(PIDFD) ?? []));
  if (waitsForHost(sections)) steps.push({ op: 'post', slot: MAIN_END });
  steps.push(...cgroup.limits);
  if (!setsOwnOomScore(context.facts)) steps.push(...lowerOomScore(process.oomScoreAdj, context.facts, PIDFD));
  if (cgroup.devices.length > 0) steps.push({ op: 'wait', slot: MAIN_END }, ...cgroup.devices);
  steps.push(...sections.network.steps);
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

/** What is opened is still a part of the host's namespace, and nothing that can be mounted in another. */
function asTree(step: Step): Step {
  if (step.op !== 'open') return step;
  const { path, out, origin } = step;
  return { op: 'tree', path, out, ...(origin === undefined ? {} : { origin }) };
}
