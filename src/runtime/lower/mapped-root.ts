import type { HostFacts } from '#kernel/host-facts.ts';
import { CLONE, PROPAGATION, RECURSIVE } from '#kernel/linux.ts';
import type { Program, Step } from '#kernel/plan.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import type { IdMapping, Spec } from '#runtime/spec/spec.ts';
import { from, type IdMaps, type LowerContext } from './context.ts';
import { mapText } from './id-map.ts';
import { isMappedRoot } from './root-kind.ts';
import { overlayMountSteps } from './root.ts';

const ORIGIN = 'root.path';
const NAME = 'root';
const [MAIN, MAKER] = ['to.root', 'from.root'] as const;
const [LAYERS, IDS, MADE] = ['mapped.layers', 'mapped.ids', 'mapped.root'] as const;

type Overlay = Extract<RootMount, { kind: 'overlay' }>;

/**
 * The program of the plan that mounts such a root, in mounts that only it sees, and the first program's steps that take the mount
 * over into slot `root`. All layers are below one directory, which is shown with its ids mapped: what lies on disk, the container's
 * own writes too, has the owners of the image, whatever the mapping is.
 */
export function lowerMappedRoot(spec: Spec, context: LowerContext): { programs: Program[]; steps: Step[] } {
  const { root, rootPoint = '' } = context;
  if (root.kind !== 'overlay' || !isMappedRoot(spec, context)) return { programs: [], steps: [] };
  const made: Step[] = [
    { op: 'close', slot: MAIN },
    { op: 'propagation', flags: PROPAGATION.private | RECURSIVE },
    ...mappedLayers(root, idMapsOf(spec, context), context.facts),
    ...overlayMountSteps(root, rootPoint),
    { op: 'tree', path: rootPoint, out: MADE },
    { op: 'sendFd', slot: MAKER, fd: MADE, data: NAME },
  ];
  const steps: Step[] = [
    { op: 'channel', a: MAIN, b: MAKER },
    { op: 'clone', program: NAME, flags: CLONE.newns, out: 'root.process' },
    { op: 'close', slot: MAKER },
    { op: 'recvFd', slot: MAIN, out: 'root' },
    { op: 'close', slot: MAIN },
  ];
  return { programs: [{ name: NAME, steps: from(ORIGIN, made) }], steps: from(ORIGIN, steps) };
}

/** Those of a new namespace; of a joined one, what the caller has found. */
function idMapsOf({ linux }: Spec, { rootIds }: LowerContext): IdMaps {
  const { uidMappings: uids = [], gidMappings: gids = [] } = linux ?? {};
  return uids.length > 0 ? { uids, gids } : (rootIds ?? { uids, gids });
}

/**
 * The directory of all layers, shown with other ids over itself; as it is where the ids stay the same. An overlay makes its files
 * with the rights of who mounts it, and as that user, who must have a number there: the container's root.
 */
function mappedLayers({ base }: Overlay, { uids, gids }: IdMaps, { effective }: HostFacts): Step[] {
  if (isSame(uids) && isSame(gids)) return [];
  const rights = { effective, permitted: effective, inheritable: 0n, ambient: 0n };
  return [
    { op: 'userns', uidMap: mapText(uids), gidMap: mapText(gids), out: IDS },
    { op: 'tree', path: base, out: LAYERS },
    { op: 'mountAttr', slot: LAYERS, userns: IDS },
    { op: 'attachAt', mount: LAYERS, path: base },
    { op: 'ids', uid: outside(uids), gid: outside(gids), keepGroups: 1 },
    { op: 'caps', ...rights },
  ];
}

const outside = (mappings: readonly IdMapping[]): number =>
  mappings.find(({ containerID }) => containerID === 0)?.hostID ?? 0;

const isSame = (mappings: readonly IdMapping[]): boolean =>
  mappings.every(({ containerID, hostID }) => containerID === hostID);
