import type { Command } from 'commander';
import type { Engine } from '#engine/engine.ts';
import type { Io } from './io.ts';

/** One command of the command line: how it is written, and what it calls. */
export interface Verb {
  /** Declares arguments and options on a fresh command. */
  configure(command: Command): void;
  /** Translates the call; resolves to the exit status. */
  act(call: Call): Promise<number>;
}

export interface Call {
  /** Positional arguments, flattened, in order. */
  args: string[];
  options: Record<string, unknown>;
  io: Io;
  /** Opens the engine, after bringing records and reality together. */
  engine(): Promise<Engine>;
}
