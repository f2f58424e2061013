import type { OnError } from '#kernel/plan.ts';

/** One value for one file of a control group. `controller` finds the hierarchy of version 1. */
export interface Limit {
  controller: string;
  file: string;
  value: string;
  /** Written instead where the kernel has no such file. */
  otherwise?: { file: string; value: string };
  onError?: OnError;
  origin: string;
}
