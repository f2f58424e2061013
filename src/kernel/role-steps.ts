/** Roles that are told what to do by one step of their own. See steps.ts. */
import type { StepSpec } from './step-spec.ts';

export const ROLE_STEPS = {
  /** The whole configuration of a monitor; see docs/monitor.md. */
  monitor: {
    code: 100,
    fields: {
      dir: 'str',
      plan: 'str',
      log: 'str?',
      logDriver: 'u32?',
      logExtra: 'str?',
      logMaxBytes: 'u64?',
      logMaxFiles: 'u32?',
      tty: 'u32?',
      stdin: 'u32?',
      cgroup: 'strs?',
      onExit: 'strs?',
      onExitEnv: 'strs?',
      rows: 'u32?',
      columns: 'u32?',
      hold: 'u32?',
      ephemeral: 'u32?',
      restart: 'u32?',
      checkPlan: 'str?',
      checkGroup: 'str?',
      check: 'u32s?',
      notify: 'str?',
      notifyInside: 'u32?',
    },
  },
} as const satisfies Record<string, StepSpec>;
