import type { Step } from '#kernel/plan.ts';
import type { CgroupDirectory } from '#runtime/cgroup/layout.ts';

export interface LoweredMounts {
  /** Detached clones of bind sources, opened while the host's tree is in sight. */
  sources: Step[];
  /** Every mount in listed order. */
  attach: Step[];
  /** What may turn read-only only after everything was made inside. */
  finish: Step[];
}

/** What mounts of the control groups need to know. */
export interface CgroupView {
  /** Inside a cgroup namespace of the container's own. */
  namespaced: boolean;
  /** Version 2. */
  isUnified: boolean;
  directories: readonly CgroupDirectory[];
}
