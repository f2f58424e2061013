import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { connectMonitor, type MonitorEvents } from '#engine/monitor/connection.ts';
import { needAwake } from './pause.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import type { Attached } from './start.ts';

/** Joins those who watch a running container: output from here on, and what is typed goes in with theirs. */
export async function attachContainer(
  engine: Engine,
  record: ContainerRecord,
  events: MonitorEvents,
): Promise<Attached> {
  needAwake(engine, record, 'attach to');
  const connection = await connectMonitor(containerDirectory(engine.root, record.id), events);
  noteContainer(engine, record, 'attach');
  const gone = new Fault('unavailable', `attach to container ${record.name}: its monitor has let us go`, {
    hint: 'At most 16 can be attached at a time.',
  });
  return { connection, words: { fault: () => Promise.resolve(gone), warning: () => Promise.resolve('') } };
}
