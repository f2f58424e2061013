import type { Engine } from '#engine/engine.ts';
import type { ServeRegistry } from '#engine/hosting/serving.ts';
import type { Flags, FlagTable, Refusals } from './flags.ts';
import type { GlobalFlags } from './global-flags.ts';
import type { Io } from './io.ts';

/** One command of the command line: how it is written, and what it calls. */
export interface Verb {
  flags: FlagTable;
  /** Flags of docker's that are not there. */
  refused?: Refusals;
  /** The least and the most arguments beside flags. */
  args: readonly [number, number];
  /** Flags end at the first argument, since what follows belongs to the container's program. */
  stop?: true;
  /** Translates the call; resolves to the exit status. */
  act(call: Call): Promise<number>;
}

export interface Call {
  /** Arguments beside flags, in order. */
  args: readonly string[];
  flags: Flags;
  io: Io;
  /** Options before the command. */
  globals: GlobalFlags;
  /** Opens the engine, after bringing records and reality together; on other places than the command line's, if given. */
  engine(places?: GlobalFlags): Promise<Engine>;
  /** The engine on a root as crashes may have left it, for who looks at just that. */
  unsettledEngine(): Promise<Engine>;
  /** The registry's door. */
  serveRegistry: ServeRegistry;
}
