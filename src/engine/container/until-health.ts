import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import type { HealthStatus } from '#engine/monitor/health-file.ts';
import { needCheck, healthOf } from './health.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { observe } from './state.ts';

const LOOK_MS = 20;

/** Waits until a container is as wished; one that ends first never will be. A file is looked at: it costs the monitor nothing. */
export async function untilHealth(engine: Engine, record: ContainerRecord, wished: HealthStatus): Promise<void> {
  const doing = `wait for container ${record.name} to be ${wished}`;
  needCheck(record, doing);
  for (;;) {
    const state = observe(containerDirectory(engine.root, record.id));
    if (state.status === 'running' && healthOf(engine, record, state)?.status === wished) return;
    if (state.status === 'exited' || state.status === 'dead')
      throw new Fault('conflict', `${doing}: it has ended with ${state.exit?.code ?? 'no'} exit status`);
    if (engine.containers.get(record.id) === undefined) throw new Fault('notFound', `${doing}: it has been removed`);
    await sleep(LOOK_MS);
  }
}
