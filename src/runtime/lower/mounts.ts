import { Fault } from '#base/fault.ts';
import { MOUNT_ATTR, OPEN, RESOLVE } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import { join } from 'node:path/posix';
import type { Mount, Spec } from '#runtime/spec/spec.ts';
import { lowerCgroupMount } from './cgroup-mount.ts';
import type { CgroupView, LoweredMounts } from './lowered-mounts.ts';
import { treeElsewhere } from './elsewhere.ts';
import { from, type LowerContext, type Stack } from './context.ts';
import { lowerMountIdMap, refuseIdMap } from './mount-idmap.ts';
import { refuseOverProc } from './over-proc.ts';
import { stackTree } from './stack-mount.ts';
import { mountLabelOption } from './security-label.ts';
import { OF_FILE_SYSTEM, parseMountOptions, type MountOptions } from './mount-options.ts';

/** A bind has no use for these, and other runtimes let them pass: configurations made from one of a tmpfs have them. */
const OF_TMPFS = /^(mode|size|uid|gid|nr_inodes|nr_blocks)=/;
/** File systems that are mounted on an ordinary directory only: a symlink there would lead the mount astray. */
const NO_FOLLOW = new Set(['proc', 'sysfs']);

/**
 * `inTurn`: each bind source is opened when its mount's turn comes, so that the kernel lists the mounts in the order of
 * the configuration. Whatever has to do with mapped ids is opened before.
 */
export function lowerMounts(spec: Spec, context: LowerContext, groups: CgroupView, inTurn = false): LoweredMounts {
  const lowered: LoweredMounts = { sources: [], attach: [], finish: [] };
  for (const [index, mount] of (spec.mounts ?? []).entries()) {
    const origin = `mounts[${index}]`;
    const options = parseMountOptions(mount.options ?? []);
    refuseUnsupported(mount, options, origin);
    refuseOverProc(mount, isBind(mount), origin);
    const part = lowerMount({ mount, options, slot: `mount.${index}`, origin, spec, context, groups });
    const early = !inTurn || part.sources.some((step) => step.op === 'userns');
    (early ? lowered.sources : lowered.attach).push(...from(origin, part.sources));
    lowered.attach.push(...from(origin, part.attach));
    lowered.finish.push(...from(origin, part.finish));
  }
  return lowered;
}

export function isBind({ type, options }: Mount): boolean {
  return type === 'bind' || (options ?? []).includes('bind') || (options ?? []).includes('rbind');
}

/** Absolute paths of everything that is bind-mounted, for the caller to look at before lowering. */
export function bindSources(spec: Spec, bundle: string | undefined): string[] {
  const binds = (spec.mounts ?? []).filter((mount) => isBind(mount) && !mount.options?.includes('remount'));
  return binds.map((mount) => sourcePath(mount, bundle));
}

/** Bind sources whose symlinks are not to be followed, for the caller to read what they say. */
export function linkSources(spec: Spec, bundle: string | undefined): string[] {
  const asked = ({ options = [] }: Mount): boolean =>
    options.includes('src-nofollow') || options.includes('copy-symlink');
  return (spec.mounts ?? []).filter((mount) => asked(mount) && isBind(mount)).map((mount) => sourcePath(mount, bundle));
}

export function sourcePath(mount: Mount, bundle = '/'): string {
  const source = mount.source ?? '';
  return source.startsWith('/') ? source : join(bundle, source);
}

function refuseUnsupported(mount: Mount, options: MountOptions, origin: string): void {
  if (isBind(mount)) {
    const unknown = options.copyUp
      ? 'tmpcopyup'
      : options.data.find((option) => !OF_FILE_SYSTEM.has(option) && !OF_TMPFS.test(option));
    if (unknown !== undefined) {
      throw new Fault('invalid', `${origin}: a bind mount knows no option "${unknown}"`, {
        field: `${origin}.options`,
      });
    }
    if (!mount.source && !options.remount)
      throw new Fault('invalid', `${origin}.source is missing`, { field: `${origin}.source` });
  } else if (options.copyUp && mount.type !== 'tmpfs') {
    const field = `${origin}.options`;
    throw new Fault('invalid', `${field}: tmpcopyup is for tmpfs only`, { field });
  } else if (!mount.type && !options.remount)
    throw new Fault('invalid', `${origin}.type is missing`, { field: `${origin}.type` });
}

interface OneMount {
  mount: Mount;
  options: MountOptions;
  slot: string;
  origin: string;
  spec: Spec;
  context: LowerContext;
  groups: CgroupView;
}

function lowerMount(one: OneMount): LoweredMounts {
  const { mount, options, slot, groups, origin } = one;
  const stack = one.context.places?.stacks?.get(mount.destination);
  if (stack !== undefined) return stackMount(one, stack);
  if (options.remount) return lowerRemount(one);
  if (isBind(mount)) return bindMount(one);
  refuseIdMap(mount, origin);
  if (mount.type === 'cgroup') return lowerCgroupMount(mount, options, slot, groups);
  return freshMount(one);
}

function bindMount({ mount, options, slot, origin, spec, context }: OneMount): LoweredMounts {
  const path = sourcePath(mount, context.bundle);
  const link = context.links?.get(path);
  if (options.copySymlink && link !== undefined) return copyLink(mount, link);
  const isElsewhere = context.places?.elsewhere?.has(mount.destination) === true;
  const known = isElsewhere ? 'directory' : context.sources?.get(path);
  const kind = options.sourceNoFollow && link !== undefined ? 'file' : known;
  if (kind === undefined) {
    throw new Fault('notFound', `${origin}.source: ${path} does not exist`, {
      field: `${origin}.source`,
      facts: { path },
    });
  }
  const sources = isElsewhere ? treeElsewhere(mount.destination, path, slot) : openSource(path, options, slot, context);
  sources.push(...lowerMountIdMap(mount, spec, slot, origin));
  if ((options.set | options.clear) !== 0) {
    sources.push({ op: 'mountAttr', slot, set: options.set, clear: options.clear });
  }
  if ((options.treeSet | options.treeClear) !== 0) {
    sources.push({ op: 'mountAttr', slot, set: options.treeSet, clear: options.treeClear, recursive: 1 });
  }
  sources.push(...propagation(options, slot));
  return { sources, attach: attachSteps(mount, options, slot, kind === 'directory' ? 0 : 1), finish: [] };
}

function stackMount({ mount, options, slot, context }: OneMount, stack: Stack): LoweredMounts {
  const made = stackTree(stack, slot, context.rootPoint);
  const kind = stack.kind === 'directory' ? 0 : 1;
  return { sources: [], attach: [...made, ...attachSteps(mount, options, slot, kind)], finish: [] };
}

function openSource(path: string, options: MountOptions, slot: string, { places }: LowerContext): Step[] {
  const recursive = options.bind === 'bind' ? 0 : 1;
  const within = places?.within.get(path);
  if (within === undefined)
    return [{ op: 'tree', path, recursive, nofollow: options.sourceNoFollow ? 1 : 0, out: slot }];
  const [base, found] = [`${slot}.base`, `${slot}.found`];
  return [
    { op: 'open', path: within.base, flags: OPEN.path | OPEN.directory, out: base },
    // Whoever writes there may have put a link in the way, at any moment.
    {
      op: 'open',
      dir: base,
      path: within.path,
      flags: OPEN.path,
      resolve: RESOLVE.beneath | RESOLVE.noMagicLinks,
      out: found,
    },
    { op: 'tree', dir: found, path: '', recursive, out: slot },
    { op: 'close', slot: found },
    { op: 'close', slot: base },
  ];
}

/** The attributes of what lies at the destination: that of an earlier entry, or of a tree that was bound. */
function lowerRemount({ mount, options, slot, origin }: OneMount): LoweredMounts {
  const [data] = options.data.filter((option) => !OF_FILE_SYSTEM.has(option));
  if (data !== undefined && !isBind(mount)) {
    const field = `${origin}.options`;
    throw new Fault('unsupported', `${field}: a remount changes attributes of the mount only, not "${data}"`, {
      field,
    });
  }
  const changes: Step[] = [{ op: 'openMount', root: 'root', path: mount.destination, out: slot }];
  if ((options.set | options.clear) !== 0) {
    changes.push({ op: 'mountAttr', slot, set: options.set, clear: options.clear });
  }
  if ((options.treeSet | options.treeClear) !== 0) {
    changes.push({ op: 'mountAttr', slot, set: options.treeSet, clear: options.treeClear, recursive: 1 });
  }
  return { sources: [], attach: [...changes, ...propagation(options, slot), { op: 'close', slot }], finish: [] };
}

function copyLink({ destination }: Mount, target: string): LoweredMounts {
  return { sources: [], attach: [{ op: 'symlink', root: 'root', path: destination, target }], finish: [] };
}

function freshMount({ mount, options, slot, spec, context }: OneMount): LoweredMounts {
  const fstype = mount.type ?? '';
  // There is nothing below a new mount: its whole tree is itself.
  const set = (options.set & ~options.treeClear) | options.treeSet;
  // A tmpfs is filled by what is mounted and made inside it, so it turns read-only at the very end.
  const late = fstype === 'tmpfs' ? set & MOUNT_ATTR.readOnly : 0;
  const made: Step[] = [
    {
      op: 'fsmount',
      fstype,
      source: mount.source ?? fstype,
      options: [
        ...options.data.filter((option) => !(fstype === 'devpts' && option === 'newinstance')),
        ...mountLabelOption(spec, context.facts, fstype),
      ],
      attrs: set & ~late,
      out: slot,
    },
    ...propagation(options, slot),
  ];
  const attach = attachSteps(mount, options, slot, 0);
  const finish: Step[] = late === 0 ? [] : [{ op: 'mountAttr', slot, set: late }];
  if (context.places?.outside.has(mount.destination) === true) return { sources: made, attach, finish };
  return { sources: [], attach: [...made, ...attach], finish };
}

function propagation(options: MountOptions, slot: string): Step[] {
  return options.propagation.map(({ flag, recursive }): Step => {
    return { op: 'mountAttr', slot, propagation: flag, recursive: recursive ? 1 : 0 };
  });
}

/** The descriptors stay open until the exec closes everything: they are all of the container's own tree. */
function attachSteps(mount: Mount, options: MountOptions, slot: string, kind: 0 | 1): Step[] {
  const target = `${slot}.at`;
  return [
    {
      op: 'mkpath',
      root: 'root',
      path: mount.destination,
      kind,
      mode: kind === 0 ? 0o755 : 0o644,
      nofollow: options.destinationNoFollow || NO_FOLLOW.has(mount.type ?? '') ? 1 : 0,
      out: target,
    },
    ...(options.copyUp ? [copyUp(slot, target, options)] : []),
    { op: 'attach', mount: slot, target },
  ];
}

/** The directory's own mode stays, unless the options name one. */
function copyUp(slot: string, target: string, { data }: MountOptions): Step {
  return {
    op: 'copyUp',
    from: target,
    to: slot,
    attributes: data.some((option) => option.startsWith('mode=')) ? 0 : 1,
  };
}
