import type { Trial } from './trial.ts';

/** One thing that the OCI runtime specification asks for, tried on a container of its own. */
export interface Check {
  /** Unique; what is seen when it holds. */
  name: string;
  /** File and heading of the specification. */
  rule: string;
  /** Why it cannot be tried on this machine; undefined when it can. */
  missing?: () => string | undefined;
  /** Throws when it does not hold. */
  run: (trial: Trial) => void | Promise<void>;
}

/** The checks of one section of the specification. */
export function section(rule: string, checks: Record<string, Check['run'] | Omit<Check, 'name' | 'rule'>>): Check[] {
  return Object.entries(checks).map(([name, check]) => ({
    name,
    rule,
    ...(typeof check === 'function' ? { run: check } : check),
  }));
}
