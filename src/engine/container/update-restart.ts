import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { connectMonitor } from '#engine/monitor/connection.ts';
import type { ContainerOptions } from './options.ts';
import { asOwner } from './ownership.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { restartCode, type RestartPolicy } from './restart-policy.ts';
import { isUp, observe, type ContainerState } from './state.ts';
import { renewPlan } from './stored-plan.ts';

/**
 * Changes a container's restart policy, at once when it is up. The record comes first, so a crash in between is carried
 * on by the next command (`tellPolicy`).
 */
export async function updateRestart(
  engine: Engine,
  { id }: ContainerRecord,
  policy: RestartPolicy | undefined,
): Promise<void> {
  await asOwner(engine, id, 'update container', async (record) => {
    if (record.autoRemove && policy !== undefined) {
      throw new Fault(
        'invalid',
        `update container ${record.name}: Restart policy cannot be updated because AutoRemove is enabled for the container`,
        { field: '--restart' },
      );
    }
    const { restart: _, ...others } = record.options;
    const options: ContainerOptions = policy === undefined ? others : { ...others, restart: policy };
    engine.database.durably(() => engine.containers.setOptions(id, options));
    // What was changed while there were no restarts is to hold for those that come.
    if (isUp(observe(containerDirectory(engine.root, id)))) await renewPlan(engine, { ...record, options });
    await tellPolicy(engine, { ...record, options });
    noteContainer(engine, record, 'update');
  });
}

const TRIES = 10;

/** Gives the monitor of a container that is up the policy of its record. */
export async function tellPolicy(engine: Engine, { id, options }: ContainerRecord): Promise<void> {
  const directory = containerDirectory(engine.root, id);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const before = observe(directory);
    const connection = isUp(before) ? await connectMonitor(directory).catch(() => undefined) : undefined;
    if (connection === undefined) return;
    connection.quiet();
    connection.restart(restartCode(options.restart));
    await connection.finish();
    await connection.end;
    // Only between two runs does a monitor close a connection without having read all of it.
    if (runOf(observe(directory)) === runOf(before)) return;
  }
}

const runOf = ({ status, pid, startedAt, exit }: ContainerState): string =>
  [status, pid, startedAt, exit?.finished].join(' ');
