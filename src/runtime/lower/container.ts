import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Program } from '#kernel/plan.ts';
import { annotationWarnings } from '#runtime/spec/annotations.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { lowerCgroup } from './cgroup.ts';
import { inheritedSlots, type LowerContext, type Lowered } from './context.ts';
import { openElsewhere } from './elsewhere.ts';
import { mainSteps } from './first-program.ts';
import { lowerDevices } from './devices.ts';
import { fitUserNamespace } from './fit-user-namespace.ts';
import { lowerHiddenPaths } from './hidden-paths.ts';
import { leavesGroups } from './id-map.ts';
import { keepsGroups, lowerIdentity } from './identity.ts';
import { initSteps } from './init.ts';
import { lowerRdt } from './intel-rdt.ts';
import { lowerMappedRoot } from './mapped-root.ts';
import { isMappedRoot } from './root-kind.ts';
import { mountPlace, type MountPlace } from './mount-namespace.ts';
import { lowerMounts } from './mounts.ts';
import { lowerNamespaces } from './namespaces.ts';
import { lowerNetworkHelper } from './network-helper.ts';
import { notifyProgram, withNotify } from './notify.ts';
import { hasHostRights, livesInUserNamespace, requireUserNamespace } from './rights.ts';
import { lowerRlimits } from './rlimits.ts';
import { rootSource } from './root.ts';
import { handedOver } from './seccomp-listener.ts';
import { lowerSpecSeccomp } from './seccomp-annotations.ts';
import { INIT_END, MAIN_END, PIDFD, type Sections } from './sections.ts';
import { lowerTerminal } from './terminal.ts';

/** What is told of every container that has its mounts in the host's own namespace. */
const ON_HOST = 'linux.namespaces: without a mount namespace the mounts of the container are in sight of the host';

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
  namespaces.open.unshift(...openElsewhere(context.places ?? {}));
  const cgroup = lowerCgroup(spec, context);
  const mapped = namespaces.isNew('user');
  const isUnified = facts.cgroup.mode === 'v2';
  const groups = { namespaced: namespaces.has('cgroup'), directories: cgroup.directories, isUnified };
  const place = mountPlace(spec, context);
  const mounts = lowerMounts(spec, context, groups, !mapped && !isMappedRoot(spec, context) && place === 'own');
  const seccomp = lowerSpecSeccomp(spec, facts, context.seccompProgram);
  const filter = seccomp.notifies ? [...seccomp.filter, ...handedOver(INIT_END)] : seccomp.filter;
  const identity = lowerIdentity(process, facts, filter, keepsGroups(spec) || leavesGroups(spec, process, facts));
  const sections: Sections = {
    spec,
    process,
    context,
    cgroup,
    namespaces,
    mapped,
    place,
    cloner: clonerOf(place, mapped || isMappedRoot(spec, context), facts),
    terminal: lowerTerminal(process, context, INIT_END, MAIN_END),
    rlimits: lowerRlimits(process.rlimits ?? [], facts, mapped ? PIDFD : undefined),
    rdt: lowerRdt(spec.linux, context.id, facts),
    devices: lowerDevices(spec, livesInUserNamespace(spec, facts)),
    hidden: lowerHiddenPaths(spec, facts),
    notifies: seccomp.notifies,
    relayed: context.notify && context.mode === 'run' ? notifyProgram(context.notify, PIDFD) : undefined,
    mappedRoot: lowerMappedRoot(spec, context),
    network: lowerNetworkHelper(context.network, PIDFD),
    sources: [...rootSource(context), ...mounts.sources],
  };
  const { rlimits } = sections;
  return {
    plan: {
      programs: [
        { name: 'main', steps: mainSteps(sections) },
        {
          name: 'init',
          steps: initSteps(sections, mounts, identity),
        },
        ...programsBeside(sections),
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

function programsBeside({ relayed, mappedRoot, network }: Sections): Program[] {
  return [...(relayed === undefined ? [] : [relayed.program]), ...mappedRoot.programs, ...network.programs];
}

function clonerOf(place: MountPlace, mapped: boolean, facts: HostFacts): Sections['cloner'] {
  if (place !== 'own') return 'main';
  if (!mapped) return 'inTurn';
  return hasHostRights(facts) ? 'main' : 'early';
}
