import type { StepSpec } from './step-spec.ts';

/** Steps between users: what this process may not do itself, and what it leaves to another. */
export const OUTSIDE_STEPS = {
  /**
   * Executes path with argv, whose second word is replaced by the pid of the process in pidfd, and waits for its end: newuidmap
   * and newgidmap. Fails as `hook` does.
   */
  mapIds: { code: 110, fields: { pidfd: 'slot', path: 'str', argv: 'strs' } },
  /** Gives the files to uid; one that is missing is fine. A control group that is root's of the container to divide. */
  own: { code: 113, fields: { paths: 'strs', uid: 'u32' } },
  /** Connects to the D-Bus socket at path (abstract with a leading @) and authenticates as who we are; into out. */
  busConnect: { code: 111, fields: { path: 'str', out: 'slot' } },
  /**
   * Sends a whole D-Bus message in little-endian order, with the pid of the process in pidfd at the offset pidAt, and waits
   * for its reply. job=1: the reply is systemd's path of a job, whose end is waited for too. report=1 sends the reply's
   * body as `data`. An error fails with ECONNREFUSED and its "NAME: text", a job that fails with ECANCELED and its result, silence
   * with ETIMEDOUT.
   */
  busCall: {
    code: 112,
    fields: { bus: 'slot', message: 'bytes', pidfd: 'slot?', pidAt: 'u32?', job: 'u32?', report: 'u32?' },
  },
} as const satisfies Record<string, StepSpec>;
