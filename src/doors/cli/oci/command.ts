import type { Runtime } from '#runtime/verbs/runtime.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';
import type { World } from './world.ts';

export interface Call {
  flags: Flags;
  rest: readonly string[];
  runtime: Runtime;
  world: World;
}

/** One verb of the OCI command line: its flags, and the work, which resolves to the exit status. */
export interface OciVerb {
  flags: FlagTable;
  /** What stands after the flags, for the help. */
  usage: string;
  /** Flags end at the first argument. */
  stop?: boolean;
  act(call: Call): Promise<number>;
}

/** Exit status of a failure, for verbs where it is not 1: those that otherwise end with the program's own. */
export const FAILURE_STATUS: Readonly<Record<string, number>> = { exec: 255 };
