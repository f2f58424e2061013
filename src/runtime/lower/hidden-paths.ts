import type { HostFacts } from '#kernel/host-facts.ts';
import { MOUNT_ATTR, OPEN } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { mountLabelOption } from './security-label.ts';

export interface LoweredHiddenPaths {
  /** While the host's /dev is in sight. */
  prepare: Step[];
  /** After all mounts, before the pivot. */
  hide: Step[];
}

/** linux.readonlyPaths, then linux.maskedPaths: the latter need an empty directory and the host's own /dev/null. */
export function lowerHiddenPaths(spec: Spec, facts: HostFacts): LoweredHiddenPaths {
  const { maskedPaths = [], readonlyPaths = [] } = spec.linux ?? {};
  const hide: Step[] = (readonlyPaths ?? []).map((path, index): Step => {
    return { op: 'readonly', root: 'root', path, origin: `linux.readonlyPaths[${index}]` };
  });
  if ((maskedPaths ?? []).length === 0) return { prepare: [], hide };
  const origin = 'linux.maskedPaths';
  hide.push({
    op: 'fsmount',
    fstype: 'tmpfs',
    source: 'masked',
    options: ['nr_blocks=1', 'nr_inodes=1', ...mountLabelOption(spec, facts, 'tmpfs')],
    attrs: MOUNT_ATTR.readOnly,
    out: 'empty',
    origin,
  });
  for (const [index, path] of maskedPaths.entries()) {
    hide.push({ op: 'mask', root: 'root', path, empty: 'empty', null: 'null', origin: `${origin}[${index}]` });
  }
  hide.push({ op: 'close', slot: 'empty', origin }, { op: 'close', slot: 'null', origin });
  return { prepare: [{ op: 'open', path: '/dev/null', flags: OPEN.path, out: 'null', origin }], hide };
}
