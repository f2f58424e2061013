import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import { identify, isAlive } from '#base/process-identity.ts';
import type { Engine } from '#engine/engine.ts';
import type { ContainerRecord } from './record.ts';

const PATIENCE_MS = 15_000;
const LOOK_AGAIN_MS = 10;

/** This process as it signs what it is changing. */
export function ownIdentity(): string {
  const identity = identify(process.pid);
  if (identity === undefined) throw new Fault('internal', `find this process in /proc: no entry for ${process.pid}`);
  return identity;
}

/**
 * Runs `work` as the one process that may change the container. Another that is at it is waited for; one that died in
 * the middle is succeeded.
 */
export async function asOwner<T>(
  engine: Engine,
  id: string,
  doing: string,
  work: (record: ContainerRecord) => Promise<T>,
): Promise<T> {
  const record = await takeOwnership(engine, id, doing);
  try {
    return await work(record);
  } finally {
    engine.containers.setOwner(id, undefined);
  }
}

async function takeOwnership(engine: Engine, id: string, doing: string): Promise<ContainerRecord> {
  const self = ownIdentity();
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const owner = engine.database.transaction(() => {
      const record = engine.containers.get(id);
      if (record === undefined) throw new Fault('notFound', `${doing}: No such container: ${id.slice(0, 12)}`);
      if (record.owner !== undefined && record.owner !== self && isAlive(record.owner)) return record.owner;
      engine.containers.setOwner(id, self);
      return record;
    });
    if (typeof owner !== 'string') return owner;
    if (Date.now() > deadline) {
      throw new Fault(
        'conflict',
        `${doing}: process ${owner.split(':')[0]} has been changing this container for ${PATIENCE_MS / 1000} s`,
      );
    }
    await sleep(LOOK_AGAIN_MS);
  }
}
