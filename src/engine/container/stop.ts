import { constants } from 'node:os';
import { Fault } from '#base/fault.ts';
import { thaw } from '#runtime/cgroup/freezer.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { connectMonitor, type MonitorConnection, type MonitorEnd } from '#engine/monitor/connection.ts';
import { containerCgroups } from './cgroups.ts';
import { imageOf } from './image-of.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { settle } from './reconcile.ts';
import { observe } from './state.ts';

const DEFAULT_TIMEOUT_SECONDS = 10;
/** After SIGKILL the kernel needs no more than a moment; a longer wait means a process stuck in it. */
const KILL_PATIENCE_MS = 20_000;
/** A monitor that does not answer may be held itself; what is said to it then waits, and the patience above counts. */
const GREETING_MS = 2000;

/** Number of a signal given as `TERM`, `SIGTERM` or `15`; Fault `invalid` for anything else. */
export function signalNumber(text: string, field: string): number {
  const upper = text.toUpperCase();
  const named = (constants.signals as Record<string, number>)[upper.startsWith('SIG') ? upper : `SIG${upper}`];
  const number = /^\d+$/.test(text) ? Number(text) : named;
  if (number === undefined || number < 1 || number > 64)
    throw new Fault('invalid', `read ${field}: there is no signal "${text}"`, { field });
  return number;
}

export interface StopRequest {
  /** Negative: never kill; the container's own when left out. */
  timeoutSeconds?: number;
  /** In place of the container's own stop signal. */
  signal?: string;
}

/**
 * Asks the container to end, and kills it after `timeoutSeconds`. Returns true when it had to be
 * killed. A container that does not run is fine.
 */
export async function stopContainer(engine: Engine, record: ContainerRecord, request: StopRequest): Promise<boolean> {
  const killed = await endContainer(engine, record, request);
  await settle(engine, record.id);
  if (killed !== undefined && engine.containers.get(record.id) !== undefined) noteContainer(engine, record, 'stop');
  return killed === true;
}

/**
 * The same without taking note of the end, for one who goes on with the container. Undefined when there was nothing to
 * end.
 */
export async function endContainer(
  engine: Engine,
  record: ContainerRecord,
  request: StopRequest,
): Promise<boolean | undefined> {
  const number = signalNumber(request.signal ?? stopSignalOf(engine, record), 'the stop signal');
  const seat = await watch(engine, record);
  if (seat === undefined) return undefined;
  const patience = request.timeoutSeconds ?? record.options.stopTimeout ?? DEFAULT_TIMEOUT_SECONDS;
  seat.connection.signal(number);
  noteContainer(engine, record, 'kill', { attributes: { signal: String(number) } });
  // One that is held would heed nothing.
  await release(engine, record);
  const end = endOf(engine, record, seat);
  const ended = await within(end, patience < 0 ? Infinity : patience * 1000);
  if (ended === undefined) await killAndWait(record, seat, end);
  seat.connection.close();
  return ended === undefined;
}

/** A container that is to end is paused no more. */
async function release(engine: Engine, record: ContainerRecord): Promise<void> {
  engine.containers.setPauseAsked(record.id, false);
  await thaw(containerCgroups(engine, record));
}

function stopSignalOf(engine: Engine, record: ContainerRecord): string {
  return record.options.stopSignal ?? imageOf(engine, record).config.StopSignal ?? 'TERM';
}

/** Sends a signal to the container's first process. */
export async function killContainer(engine: Engine, record: ContainerRecord, signal: string): Promise<void> {
  const number = signalNumber(signal, '--signal');
  const seat = await watch(engine, record);
  if (seat === undefined) {
    throw new Fault('conflict', `kill container ${record.name}: container ${record.id.slice(0, 12)} is not running`);
  }
  seat.connection.signal(number);
  noteContainer(engine, record, 'kill', { attributes: { signal: String(number) } });
  const ends =
    number === constants.signals.SIGKILL || number === signalNumber(stopSignalOf(engine, record), 'the stop signal');
  if (ends) await release(engine, record);
  if (number === constants.signals.SIGKILL) await within(endOf(engine, record, seat), KILL_PATIENCE_MS);
  else await seat.connection.finish();
  seat.connection.close();
  await settle(engine, record.id);
}

/** A place at the monitor. It may be wanted for another; then `endOf` takes a new one. */
interface Seat {
  connection: MonitorConnection;
}

/** A silent place at the monitor of a running container; undefined when it does not run. */
async function watch(engine: Engine, record: ContainerRecord): Promise<Seat | undefined> {
  const directory = containerDirectory(engine.root, record.id);
  if (observe(directory).status !== 'running') return undefined;
  try {
    let greet = (): void => undefined;
    const greeted = new Promise<'greeted'>((resolve) => (greet = () => resolve('greeted')));
    const connection = await connectMonitor(directory, { started: () => greet() });
    connection.quiet();
    // Until then it is not known whether there is a place for us.
    const first = await within(Promise.race([greeted, connection.end]), GREETING_MS);
    if (first === undefined || first === 'greeted' || first.kind !== 'gone') return { connection };
    throw new Fault('unavailable', `container ${record.name}: its monitor has turned us away`, {
      hint: 'At most 16 can be attached at a time.',
    });
  } catch (error) {
    // It may have ended between the look and the call.
    if (observe(directory).status !== 'running') return undefined;
    throw error;
  }
}

async function endOf(engine: Engine, record: ContainerRecord, seat: Seat): Promise<MonitorEnd> {
  for (;;) {
    const end = await seat.connection.end;
    const again = end.kind === 'gone' ? await watch(engine, record) : undefined;
    if (again === undefined) return end;
    seat.connection = again.connection;
  }
}

async function killAndWait(record: ContainerRecord, seat: Seat, end: Promise<MonitorEnd>): Promise<void> {
  seat.connection.signal(constants.signals.SIGKILL);
  if ((await within(end, KILL_PATIENCE_MS)) !== undefined) return;
  throw new Fault(
    'unavailable',
    `kill container ${record.name}: it is still there ${KILL_PATIENCE_MS / 1000} s after SIGKILL`,
    {
      hint: 'A process stuck in the kernel (state D) holds it; look at its stack below /proc.',
    },
  );
}

function within<T>(end: Promise<T>, milliseconds: number): Promise<T | undefined> {
  if (milliseconds === Infinity) return end;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), milliseconds);
    end.then((value) => {
      clearTimeout(timer);
      resolve(value);
    }, reject);
  });
}
