import { Fault } from '#base/fault.ts';
import { holds } from '#kernel/capability-set.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { Step } from '#kernel/plan.ts';
import type { IdMapping, Process, Spec } from '#runtime/spec/spec.ts';

/** Programs that may map the ids that /etc/subuid and /etc/subgid give a user; undefined for one that is not installed. */
export interface IdMappers {
  uids: string | undefined;
  gids: string | undefined;
}

/**
 * The first program's part of a new user namespace: both maps, each in one write. A user may map nobody but themselves, and
 * only after giving up on setgroups(2); for more there are programs.
 */
export function lowerIdMap(spec: Spec, pidfd: string, facts: HostFacts, mappers: IdMappers): Step[] {
  const { uidMappings = [], gidMappings = [] } = spec.linux ?? {};
  const may = mayMapAny(facts);
  const ownUid = may || isAlone(uidMappings, facts.uid);
  const ownGid = may || isAlone(gidMappings, facts.gid);
  const steps: Step[] = [];
  if (ownUid || ownGid) {
    steps.push({
      op: 'idmap',
      pidfd,
      uidMap: ownUid ? mapText(uidMappings) : '',
      gidMap: ownGid ? mapText(gidMappings) : '',
      denySetgroups: ownGid && !may ? 1 : 0,
      origin: 'linux.uidMappings',
    });
  }
  if (!ownUid) steps.push(mapBy(mappers.uids, 'newuidmap', uidMappings, pidfd, 'linux.uidMappings'));
  if (!ownGid) steps.push(mapBy(mappers.gids, 'newgidmap', gidMappings, pidfd, 'linux.gidMappings'));
  return steps;
}

/** Whether nobody in the container may change their supplementary groups, not even root. */
export function hasFixedGroups(spec: Spec, facts: HostFacts): boolean {
  if (facts.inUserNamespace && facts.groupsFixed) return true;
  return !mayMapAny(facts) && isAlone(spec.linux?.gidMappings ?? [], facts.gid);
}

/** Groups that are asked for are never dropped silently: then the kernel's refusal is told. */
export function leavesGroups(spec: Spec, process: Process, facts: HostFacts): boolean {
  return hasFixedGroups(spec, facts) && !process.user.additionalGids?.length;
}

const mayMapAny = ({ effective }: HostFacts): boolean =>
  holds(effective, 'CAP_SETUID') && holds(effective, 'CAP_SETGID');

function isAlone([first, ...more]: readonly IdMapping[], id: number): boolean {
  return more.length === 0 && first?.size === 1 && first.hostID === id;
}

function mapBy(
  path: string | undefined,
  name: string,
  maps: readonly IdMapping[],
  pidfd: string,
  origin: string,
): Step {
  if (path === undefined) {
    throw new Fault('unsupported', `${origin}: more ids than one's own are mapped by ${name}, which is not installed`, {
      field: origin,
      hint: 'Install it (Debian: uidmap), or map one id: your own.',
    });
  }
  const numbers = maps.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]);
  return { op: 'mapIds', pidfd, path, argv: [name, '', ...numbers.map(String)], origin };
}

/** As uid_map takes it. */
export function mapText(mappings: readonly IdMapping[]): string {
  return mappings.map((mapping) => `${mapping.containerID} ${mapping.hostID} ${mapping.size}\n`).join('');
}
