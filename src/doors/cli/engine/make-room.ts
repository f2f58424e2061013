import { sentence } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { collectIfFull } from '#engine/gc/collect-garbage.ts';
import { warn, type Io } from '#doors/cli/io.ts';

/** After something was brought: the garbage collection where it is due, said on standard error. It never fails a command. */
export async function makeRoom(engine: Engine, io: Io, brought: readonly string[]): Promise<void> {
  try {
    for (const said of await collectIfFull(engine, brought)) io.err(`sampan: ${said}\n`);
  } catch (error) {
    warn(io, `make room: ${sentence(error)}`);
  }
}
