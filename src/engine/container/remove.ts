import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { monitorLives } from '#engine/monitor/liveness.ts';
import { discardContainer } from './discard.ts';
import { asOwner } from './ownership.ts';
import { settleOwned } from './reconcile.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { isUp, observe, type ContainerState } from './state.ts';
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
  const state = observe(containerDirectory(engine.root, record.id));
  if (isUp(state) && !force) throw mustStop(record, state);
  if (isUp(state)) await stopContainer(engine, record, { timeoutSeconds: 0 });
  // The end of an automatic removal may have been quicker.
  if (engine.containers.get(record.id) === undefined) return;
  await asOwner(engine, record.id, 'remove container', async (current) => {
    // Whoever owned it until now may have started it.
    if (isBusy(engine, current)) {
      if (!force) throw mustStop(current, { status: 'running' });
      await settleOwned(engine, { ...current, autoRemove: false }, 'failed');
    }
    await discardContainer(engine, current, volumes);
  });
}

/** It runs, or its monitor is about to start it. */
function isBusy(engine: Engine, { id, phase }: ContainerRecord): boolean {
  const directory = containerDirectory(engine.root, id);
  const state = observe(directory);
  return phase === 'ready' && (isUp(state) || (state.status === 'created' && monitorLives(directory)));
}

function mustStop({ id, name }: ContainerRecord, { status }: Pick<ContainerState, 'status'>): Fault {
  return new Fault('conflict', `remove container ${name}: container ${id.slice(0, 12)} is ${status}`, {
    hint: `Stop it first (sampan stop ${name}), or remove it with --force.`,
  });
}
