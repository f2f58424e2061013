import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { connectMonitor } from '#engine/monitor/connection.ts';
import { readHealth, readHealthResults, type Health, type HealthStatus } from '#engine/monitor/health-file.ts';
import { isHeld } from './cgroups.ts';
import { isChecked, settledHealth } from './health-check.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { observe, type ContainerState } from './state.ts';

/**
 * How a container is; undefined without checks, and before its first start. One that does not run is unhealthy, as docker
 * has it.
 */
export function healthOf(engine: Engine, record: ContainerRecord, state: ContainerState): Health | undefined {
  if (!isChecked(record.options.health)) return undefined;
  const health = readHealth(containerDirectory(engine.root, record.id));
  if (health === undefined || state.status === 'running') return health;
  return { ...health, status: 'unhealthy' };
}

/** The latest results with it, under docker's names. */
export function shownHealth(engine: Engine, record: ContainerRecord, state: ContainerState): object | undefined {
  const health = healthOf(engine, record, state);
  if (health === undefined) return undefined;
  const { timeout } = settledHealth(record.options.health ?? {});
  const time = (milliseconds: number): string => new Date(milliseconds).toISOString();
  return {
    Status: health.status,
    FailingStreak: health.failingStreak,
    Log: readHealthResults(containerDirectory(engine.root, record.id), timeout).map((one) => ({
      Start: time(one.start),
      End: time(one.end),
      ExitCode: one.code,
      Output: one.output,
    })),
  };
}

export interface Checked {
  good: boolean;
  /** Of the container, after this check. */
  status: HealthStatus;
}

/** Has the monitor check a running container now; joins a check that runs. */
export async function checkHealth(engine: Engine, record: ContainerRecord): Promise<Checked> {
  const doing = `check the health of container ${record.name}`;
  needCheck(record, doing);
  const directory = containerDirectory(engine.root, record.id);
  if (observe(directory).status !== 'running') throw new Fault('conflict', `${doing}: it is not running`);
  if (isHeld(engine, record)) {
    throw new Fault('conflict', `${doing}: it is paused`, { hint: `sampan unpause ${record.name} lets it go on.` });
  }
  let tell: (checked: Checked) => void = () => undefined;
  const told = new Promise<Checked>((resolve) => (tell = resolve));
  const connection = await connectMonitor(directory, { checked: (good, status) => tell({ good, status }) });
  try {
    connection.quiet();
    connection.check();
    const checked = await Promise.race([told, connection.end]);
    if ('good' in checked) return checked;
    throw new Fault('conflict', `${doing}: it has ended`);
  } finally {
    connection.close();
  }
}

export function needCheck(record: ContainerRecord, doing: string): void {
  if (isChecked(record.options.health)) return;
  throw new Fault('invalid', `${doing}: it has no health check`, {
    hint: 'It is given one by run --health-cmd, or by its image.',
  });
}
