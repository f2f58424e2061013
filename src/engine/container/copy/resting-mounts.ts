import { MOUNT_ATTR } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { isIdMapOption } from '#runtime/lower/mount-idmap.ts';
import { bindSources, isBind, lowerMounts } from '#runtime/lower/mounts.ts';
import { sourceKinds } from '#runtime/lower/source-kinds.ts';
import { rootPoint, type Engine } from '#engine/engine.ts';
import { imageStacks } from '#engine/container/image-mounts.ts';
import { askedMounts } from '#engine/container/spec.ts';
import type { BindMount, ContainerOptions } from '#engine/container/options.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { lowerVolumes, mountPlaces, withinKinds } from '#engine/volume/mounts.ts';

/** Something of a container that keeps its content while it does not run. */
export const hasMounts = ({ binds, images = [], volumes = [] }: ContainerOptions): boolean =>
  binds.length + images.length + volumes.length > 0;

const unmapped = (bind: BindMount): BindMount => ({
  ...bind,
  options: bind.options.filter((option) => !isIdMapOption(option)),
});

/** The binds, images and volumes of a container that does not run, below its root in slot `root`. Memory is empty then. */
export function restingMounts(engine: Engine, { id, options }: ContainerRecord): Step[] {
  const volumes = lowerVolumes(engine, options.volumes ?? []).filter(({ mount }) => isBind(mount));
  const mounts = askedMounts(
    // Without the container's namespace nobody has other ids: what is copied has the owners that are on disk.
    { ...options, tmpfs: [], binds: options.binds.map(unmapped) },
    volumes.map(({ mount }) => mount),
  );
  const spec = { ociVersion: '1.2.0', mounts };
  const within = withinKinds(volumes);
  const paths = bindSources(spec, undefined).filter((path) => !within.has(path));
  const { sources, attach } = lowerMounts(
    spec,
    {
      id,
      facts: engine.facts(),
      root: { kind: 'directory', path: '/' },
      mode: 'detached',
      terminal: { kind: 'none' },
      sources: new Map([...sourceKinds(paths), ...within]),
      rootPoint: rootPoint(engine),
      places: { ...mountPlaces(volumes), ...imageStacks(engine, options) },
    },
    { namespaced: true, isUnified: true, directories: [] },
  );
  const sealed: Step[] = options.readOnly ? [{ op: 'mountAttr', slot: 'root', set: MOUNT_ATTR.readOnly }] : [];
  return [...sources, ...attach, ...sealed];
}
