import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { discardContainer } from './discard.ts';
import { asOwner } from './ownership.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { observe } from './state.ts';
import { stopContainer } from './stop.ts';

/**
 * Removes a container; a running one only with `force`, which kills it first. `volumes`: also those that nobody named and
 * nothing else has.
 */
export async function removeContainer(
  engine: Engine,
  record: ContainerRecord,
  force: boolean,
  volumes = record.autoRemove,
): Promise<void> {
  const running = observe(containerDirectory(engine.root, record.id)).status === 'running';
  if (running && !force) {
    throw new Fault('conflict', `remove container ${record.name}: container ${record.id.slice(0, 12)} is running`, {
      hint: `Stop it first (sampan stop ${record.name}), or remove it with --force.`,
    });
  }
  if (running) await stopContainer(engine, record, { timeoutSeconds: 0 });
  // The end of an automatic removal may have been quicker.
  if (engine.containers.get(record.id) === undefined) return;
  await asOwner(engine, record.id, 'remove container', (current) => discardContainer(engine, current, volumes));
}
