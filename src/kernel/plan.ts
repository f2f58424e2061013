import type { FILE_STEPS } from './file-steps.ts';
import type { StepSpec } from './step-spec.ts';
import type { STEPS } from './steps.ts';

interface FieldValues {
  u32: number;
  u64: bigint | number;
  /** A descriptor by name; the encoder numbers the names of a plan. */
  slot: string;
  /** A process of the plan by name. */
  program: string;
  str: string;
  strs: readonly string[];
  bytes: Uint8Array;
  u32s: readonly number[];
}

type Required_<F> = {
  [K in keyof F as F[K] extends `${string}?` ? never : K]: F[K] extends keyof FieldValues ? FieldValues[F[K]] : never;
};
type Optional_<F> = {
  [K in keyof F as F[K] extends `${string}?` ? K : never]?: F[K] extends `${infer T extends keyof FieldValues}?`
    ? FieldValues[T]
    : never;
};
type Fields<S extends StepSpec> = Required_<S['fields']> & Optional_<S['fields']>;

/** What happens when a step fails: the plan fails, a warning is reported, nothing, or nothing if it was ENOENT. */
export type OnError = 'fail' | 'warn' | 'ignore' | 'missing';

type Table = Readonly<Record<string, StepSpec>>;
type StepOf<T extends Table> = { [K in keyof T & string]: { op: K } & Fields<T[K]> }[keyof T & string];

/** One step; `origin` is the place of the configuration that asked for it (`mounts[3]`, `--memory`). */
export type Step = StepOf<typeof STEPS> & { origin?: string; onError?: OnError };
export type StepName = Step['op'];
/** One step of the stream that the `apply` role reads. */
export type FileStep = StepOf<typeof FILE_STEPS>;

export interface Program {
  readonly name: string;
  readonly steps: readonly Step[];
}

/**
 * What the kernel will be asked, in which order and in which process. The first program is the launcher itself.
 * `inherited` names the slots that are filled with the descriptors handed over at the start, in order.
 */
export interface Plan {
  readonly programs: readonly Program[];
  readonly inherited?: readonly string[];
}
