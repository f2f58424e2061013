import { Fault } from '#base/fault.ts';
import { OPEN, PROPAGATION, RECURSIVE } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import { overlaySettings } from '#kernel/user-namespace.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import type { LowerContext } from './context.ts';
import { hasHooks } from './hooks.ts';
import { isMappedRoot } from './root-kind.ts';
import type { MountPlace } from './mount-namespace.ts';
import { propagationFlags } from './mount-options.ts';

const ORIGIN = 'root.path';
const SEE_ROOT = ['prestart', 'createRuntime', 'createContainer'] as const;

/**
 * Cuts the mounts of the new namespace off from the host's. A container that asks for shared propagation keeps its
 * bind sources shared; the root itself becomes private later, so that nothing of the container shows on the host.
 */
export function lowerFirstPropagation(spec: Spec, place: MountPlace): Step[] {
  if (place === 'host') return [];
  const asked = propagationFlags(spec.linux?.rootfsPropagation);
  const shared = (asked & PROPAGATION.shared) !== 0;
  const flags = shared ? PROPAGATION.shared | RECURSIVE : PROPAGATION.slave | RECURSIVE;
  return [{ op: 'propagation', flags, origin: 'linux.rootfsPropagation' }];
}

/** Mounts the root inside the private namespace and leaves a descriptor of it in slot `root`. */
export function lowerRoot(spec: Spec, context: LowerContext, place: MountPlace): Step[] {
  if (place === 'host' && context.root.kind === 'directory') return hostRoot(context.root.path);
  const cover: Step[] =
    (propagationFlags(spec.linux?.rootfsPropagation) & PROPAGATION.shared) === 0
      ? []
      : [{ op: 'propagation', flags: PROPAGATION.private, origin: 'linux.rootfsPropagation' }];
  if (isMappedRoot(spec, context)) return [...cover, ...directoryRoot()];
  if (context.root.kind !== 'directory') return [...cover, ...overlayRoot(context)];
  // A clone of a shared mount is shared, and no such mount can become the root.
  if (cover.length > 0) cover.push({ op: 'mountAttr', slot: 'root', propagation: PROPAGATION.private, origin: ORIGIN });
  // A path means something else in a namespace of somebody else's.
  return hasHooks(spec, ...SEE_ROOT) && place === 'own'
    ? [...cover, ...shownRoot(context.root.path)]
    : [...cover, ...directoryRoot()];
}

/** A directory root is a bind source like any other: a detached clone of it. */
export function rootSource({ root }: LowerContext): Step[] {
  if (root.kind !== 'directory') return [];
  return [{ op: 'tree', path: root.path, recursive: 1, out: 'root', origin: ORIGIN }];
}

/** The clone goes over the old root itself: no path has to be walked with the container's rights. */
function directoryRoot(): Step[] {
  return [{ op: 'attachAt', mount: 'root', path: '/', origin: ORIGIN }];
}

/** Hooks find the container's root where its bundle says, so it is mounted there; nothing may spread from below it. */
function shownRoot(path: string): Step[] {
  return [
    { op: 'propagation', flags: PROPAGATION.private | RECURSIVE, origin: 'linux.rootfsPropagation' },
    { op: 'attachAt', mount: 'root', path, origin: ORIGIN },
  ];
}

/** At its own path; private before and after, as a shared mount above makes it shared. */
function hostRoot(path: string): Step[] {
  const cut: Step = {
    op: 'mountAttr',
    slot: 'root',
    propagation: PROPAGATION.private,
    recursive: 1,
    origin: ORIGIN,
  };
  return [cut, { op: 'attachAt', mount: 'root', path, origin: ORIGIN }, cut];
}

const DETACH = 2;

/**
 * Out of the host's tree. Without a pivot it stays below the new root, out of sight; its procfs and sysfs go, as the
 * kernel takes a full one in sight for a reason to allow another.
 */
export function lowerLeave(spec: Spec, noPivot: LowerContext['noPivot'], place: MountPlace): Step[] {
  if (place === 'host') return [{ op: 'chroot', root: 'root', origin: ORIGIN }];
  if (noPivot === undefined) return [{ op: 'pivot', root: 'root', origin: ORIGIN }];
  const origin = '--no-pivot';
  if (spec.linux?.namespaces?.some(({ type }) => type === 'user')) {
    const why = "in a user namespace the host's procfs cannot be taken out of reach";
    throw new Fault('unsupported', `--no-pivot: ${why}`, { field: origin });
  }
  return [
    { op: 'propagation', flags: PROPAGATION.private | RECURSIVE, origin },
    ...noPivot.unmount.map((path): Step => ({ op: 'umount', path, flags: DETACH, origin })),
    { op: 'chroot', root: 'root', origin },
  ];
}

function overlayRoot({ root, rootPoint }: LowerContext): Step[] {
  if (root.kind !== 'overlay') return [];
  if (rootPoint === undefined) throw new Fault('internal', 'Lower an overlay root: no directory to mount it on');
  return overlayMountSteps(root, rootPoint);
}

/** Mounts an overlay on a directory, in whatever mount namespace this is done, and opens it in slot `root`. */
export function overlayMountSteps(root: Extract<RootMount, { kind: 'overlay' }>, point: string): Step[] {
  return [
    { op: 'open', path: root.base, flags: OPEN.path | OPEN.directory, out: 'layers', origin: ORIGIN },
    {
      op: 'mount',
      dir: 'layers',
      source: 'overlay',
      target: point,
      fstype: 'overlay',
      data: overlayOptions(root),
      origin: ORIGIN,
    },
    { op: 'close', slot: 'layers', origin: ORIGIN },
    { op: 'open', path: point, flags: OPEN.path | OPEN.directory, out: 'root', origin: ORIGIN },
  ];
}

function overlayOptions(root: Extract<RootMount, { kind: 'overlay' }>): string {
  const escape = (path: string): string => path.replace(/[\\,:]/g, String.raw`\$&`);
  const lower = root.lower.map(escape).join(':');
  const settings = overlaySettings(root.userMarks === true);
  return `lowerdir=${lower},upperdir=${escape(root.upper)},workdir=${escape(root.work)},${settings}`;
}
