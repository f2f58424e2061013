import type { Engine } from '#engine/engine.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { complain } from '#doors/cli/cli.ts';
import { print } from '#doors/cli/io.ts';
import type { Call } from '#doors/cli/verb.ts';

/**
 * Does `work` for each container named, prints the name as it was given, and goes on after a failure. `prepare` comes
 * before the first.
 */
export async function forEachContainer(
  call: Call,
  work: (engine: Engine, record: ContainerRecord) => Promise<void>,
  prepare?: (engine: Engine, names: readonly string[]) => Promise<void>,
): Promise<number> {
  const engine = await call.engine();
  await prepare?.(engine, call.args);
  let status = 0;
  for (const name of call.args) {
    try {
      await work(engine, engine.containers.find(name));
      print(call.io, name);
    } catch (error) {
      status = complain(call.io, error);
    }
  }
  return status;
}
