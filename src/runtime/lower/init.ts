import { PRCTL } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { hasHooks, lowerHooks } from './hooks.ts';
import { hasFixedGroups } from './id-map.ts';
import { keepsGroups, type LoweredIdentity } from './identity.ts';
import type { LoweredMounts } from './lowered-mounts.ts';
import { propagationFlags } from './mount-options.ts';
import type { LoweredNamespaces } from './namespaces.ts';
import { lowerOomScore, setsOwnOomScore } from './oom-score.ts';
import { lowerPolicy } from './policy.ts';
import { execStep, findStep } from './program.ts';
import { lowerFirstPropagation, lowerLeave, lowerRoot } from './root.ts';
import {
  hostParts,
  INIT_END,
  MAIN_END,
  subject,
  waitsForGo,
  waitsForHooks,
  waitsForHost,
  type Sections,
} from './sections.ts';
import { lowerSysctl } from './sysctl.ts';

/** The second program: the first process of the container. */
export function initSteps(sections: Sections, mounts: LoweredMounts, identity: LoweredIdentity): Step[] {
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

/** But what later steps close themselves. */
function closeLeftOpen(steps: readonly Step[], later: readonly Step[]): Step[] {
  const open = new Set<string>();
  for (const step of [...steps, ...later.filter(({ op }) => op === 'close')]) {
    if (step.op === 'close') open.delete(step.slot);
    else if ('out' in step && step.out !== undefined) open.add(step.out);
  }
  return [...open].map((slot): Step => ({ op: 'close', slot }));
}

/** Init's first part: into the control groups and the namespaces. */
function enterSteps(sections: Sections, identity: LoweredIdentity): Step[] {
  const { spec, process, context, cgroup, namespaces, mapped, place, cloner } = sections;
  const steps: Step[] = [{ op: 'close', slot: MAIN_END }];
  if (setsOwnOomScore(context.facts)) steps.push(...lowerOomScore(process.oomScoreAdj, context.facts, undefined));
  if (namespaces.join.length > 0) steps.push({ op: 'prctl', option: PRCTL.dumpable, a: 0 });
  if (waitsForHost(sections)) steps.push({ op: 'wait', slot: INIT_END });
  steps.push(...cgroup.join);
  if (mapped) {
    const keepGroups = keepsGroups(spec) || hasFixedGroups(spec, context.facts) ? 1 : 0;
    // As who called us: their directories need not be open to whom the container's root is on the host.
    if (cloner === 'early') steps.push(...lowerFirstPropagation(spec, place), ...sections.sources);
    steps.push({ op: 'ids', uid: 0, gid: 0, keepGroups, origin: 'linux.uidMappings' });
  }
  steps.push(...identity.open, ...sections.rdt.join, ...namespaces.join, ...namespaces.unshare);
  if (cloner !== 'early') steps.push(...lowerFirstPropagation(spec, place));
  if (context.noNewKeyring !== true) {
    steps.push({ op: 'sessionKeyring', name: `_ses.${context.id}`, onError: 'warn', origin: 'session keyring' });
  }
  return steps;
}

/** The tree: everything below slot `root`, while the host's tree is still in sight. */
function treeSteps(sections: Sections, attach: readonly Step[], finish: readonly Step[]): Step[] {
  const { spec, process, context, cgroup, namespaces, place, devices, hidden } = sections;
  const steps: Step[] = place === 'joined' ? [] : hostParts(sections);
  if (sections.cloner === 'inTurn') steps.push(...sections.sources);
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

/** Leaves the host's tree; then what belongs to the new one as a whole. */
function leaveSteps(sections: Sections): Step[] {
  const { spec, process, context, namespaces, terminal, place } = sections;
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
  // While the device rules are being written, opening the terminal may be refused.
  if (process.terminal === true) steps.push({ op: 'wait', slot: INIT_END });
  steps.push(...terminal.open, { op: 'close', slot: 'root' });
  if (spec.root?.readonly) steps.push({ op: 'remountRoot', origin: 'root.readonly' });
  return steps;
}

/** Waits until the limits stand, then becomes the container's program. */
function becomeSteps(sections: Sections, identity: readonly Step[], last: readonly Step[]): Step[] {
  const { spec, process, context, rlimits } = sections;
  const waits = waitsForGo(sections);
  // One with a terminal has waited before that was opened.
  const steps: Step[] = process.terminal === true ? [] : [{ op: 'wait', slot: INIT_END }];
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
