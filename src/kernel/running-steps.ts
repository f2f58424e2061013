import type { StepSpec } from './step-spec.ts';

/** Steps on a container that runs already. `fds` is the process's own /proc/self/fd, opened on the host. */
export const RUNNING_STEPS = {
  /**
   * Opens what lies at path below root O_PATH into out. Symlinks are followed inside, or refused (ELOOP) with straight=1.
   * EINVAL when no mount of its own is there, or none but the root.
   */
  openMount: { code: 90, fields: { root: 'slot', path: 'str', straight: 'u32?', out: 'slot' } },
  /** umount2 with MNT_DETACH of the very mount whose root is in the slot, wherever paths lead by now. */
  detach: { code: 91, fields: { fds: 'slot', mount: 'slot' } },
  /** Does nothing; when a later step of this program fails, the mount is detached, the latest first. */
  undo: { code: 92, fields: { fds: 'slot', mount: 'slot' } },
  /** Reads the number of a process from a file of the host, and opens it (pidfd_open) into out. */
  pidfdOf: { code: 94, fields: { path: 'str', out: 'slot' } },
  /**
   * After supervise: writes "STATUS NANOSECONDS\n" (the program's exit status, and now since 1970) to a file that is there
   * already.
   */
  exitFile: { code: 210, fields: { path: 'str' } },
} as const satisfies Record<string, StepSpec>;
