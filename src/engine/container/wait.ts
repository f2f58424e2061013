import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { connectMonitor } from '#engine/monitor/connection.ts';
import type { ExitStatus } from '#engine/monitor/exit-file.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { settle } from './reconcile.ts';
import { untilHealth } from './until-health.ts';
import { observe, type ContainerState } from './state.ts';

const LOOK_MS = 20;

/** What is waited for, in the words of the Engine API, and of podman for the health. */
export const WAIT_CONDITIONS = ['not-running', 'next-exit', 'removed', 'healthy', 'unhealthy'] as const;
export type WaitCondition = (typeof WAIT_CONDITIONS)[number];

/** What podman prints for one that was not waited for to end. */
const NO_STATUS = -1;

/** Waits for a container; resolves to its exit status, 0 for one that never ran, -1 for one that has not ended. */
export async function waitForContainer(
  engine: Engine,
  record: ContainerRecord,
  condition: WaitCondition,
): Promise<number> {
  if (condition === 'healthy' || condition === 'unhealthy') {
    await untilHealth(engine, record, condition);
    return NO_STATUS;
  }
  if (condition === 'next-exit') await begun(engine, record);
  const code = await untilStopped(engine, record);
  if (condition === 'removed') return untilRemoved(engine, record, code);
  return code;
}

const look = (engine: Engine, { id }: ContainerRecord): ContainerState => observe(containerDirectory(engine.root, id));

/** The next run, or its end when it was too short to be seen. */
async function begun(engine: Engine, record: ContainerRecord): Promise<void> {
  const before = look(engine, record).exit?.finished;
  for (;;) {
    const state = look(engine, record);
    if (state.status === 'running') return;
    if (state.exit !== undefined && state.exit.finished !== before) return;
    if (engine.containers.get(record.id) === undefined) throw removed(record);
    await sleep(LOOK_MS);
  }
}

async function untilStopped(engine: Engine, record: ContainerRecord): Promise<number> {
  let hasPlace = true;
  const former = look(engine, record).exit?.finished;
  for (;;) {
    const state = look(engine, record);
    if (state.status === 'created' && engine.containers.get(record.id) === undefined) throw removed(record);
    if (state.status === 'exited' || state.status === 'created') return state.exit?.code ?? 0;
    if (state.status === 'restarting' && state.exit?.finished !== former) return state.exit?.code ?? 0;
    if (state.status === 'dead') {
      // The monitor left no word; what is written for it is the end.
      await settle(engine, record.id);
      const written = look(engine, record).exit;
      if (written !== undefined) return written.code;
    } else if (hasPlace) {
      const seen = await endOfRun(engine, record);
      if (seen !== undefined) return seen.code;
      // The place may be wanted for one who has something to say: we can look, too.
      hasPlace = false;
    }
    await sleep(LOOK_MS);
  }
}

const removed = ({ name }: ContainerRecord): Fault =>
  new Fault('notFound', `wait for container ${name}: it has been removed`);

async function endOfRun(engine: Engine, record: ContainerRecord): Promise<ExitStatus | undefined> {
  const connection = await connectMonitor(containerDirectory(engine.root, record.id)).catch(() => undefined);
  if (connection === undefined) return undefined;
  connection.quiet();
  const end = await connection.end;
  connection.close();
  if (end.kind !== 'exited') return undefined;
  await settle(engine, record.id);
  return end.status;
}

async function untilRemoved(engine: Engine, record: ContainerRecord, first: number): Promise<number> {
  let code = first;
  for (;;) {
    code = look(engine, record).exit?.code ?? code;
    if (engine.containers.get(record.id) === undefined) return code;
    await sleep(LOOK_MS);
  }
}
