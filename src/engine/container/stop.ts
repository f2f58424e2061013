import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import { signalNumber as numberOfSignal } from '#kernel/signals.ts';
import { thaw } from '#runtime/cgroup/freezer.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { connectMonitor, type MonitorConnection, type MonitorEnd } from '#engine/monitor/connection.ts';
import { containerCgroups } from './cgroups.ts';
import { imageOf } from './image-of.ts';
import { launchOver } from './launch-over.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { settle } from './reconcile.ts';
import { LAST_RUN } from './restart-policy.ts';
import { isUp, observe } from './state.ts';

const DEFAULT_TIMEOUT_SECONDS = 10;
/** After SIGKILL the kernel needs no more than a moment; a longer wait means a process stuck in it. */
const KILL_PATIENCE_MS = 20_000;
/** A monitor that does not answer may be held itself; what is said to it then waits, and the patience above counts. */
const GREETING_MS = 2000;
const TRIES = 8;
const TRY_AGAIN_MS = 10;

/** Number of a signal given as `TERM`, `SIGTERM`, `RTMIN+3` or `15`; Fault `invalid` for anything else. */
export function signalNumber(text: string, field: string): number {
  try {
    return numberOfSignal(text);
  } catch {
    throw new Fault('invalid', `read ${field}: there is no signal "${text}"`, { field });
  }
}

export interface StopRequest {
  /** Negative: never kill; the container's own when left out. */
  timeoutSeconds?: number;
  /** In place of the container's own stop signal. */
  signal?: string;
  /** The next boot brings it back where it would have, had it not been stopped. */
  untilBoot?: boolean;
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
  if (request.untilBoot !== true) engine.containers.setWanted(record.id, false);
  endForGood(seat, number);
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
  const ends =
    number === constants.signals.SIGKILL || number === signalNumber(stopSignalOf(engine, record), 'the stop signal');
  if (ends) engine.containers.setWanted(record.id, false);
  if (ends) endForGood(seat, number);
  else seat.connection.signal(number);
  noteContainer(engine, record, 'kill', { attributes: { signal: String(number) } });
  if (ends) await release(engine, record);
  if (number === constants.signals.SIGKILL) await within(endOf(engine, record, seat), KILL_PATIENCE_MS);
  else await seat.connection.finish();
  seat.connection.close();
  await settle(engine, record.id);
}

/** A place at the monitor. It may be wanted for another; then `endOf` takes a new one. */
interface Seat {
  connection: MonitorConnection;
  /** What a new place is told first: nobody knows whether it was heard at the old one. */
  say?: (connection: MonitorConnection) => void;
}

/** The run that ends now has no successor. */
function endForGood(seat: Seat, number: number): void {
  seat.connection.restart(LAST_RUN);
  seat.connection.signal(number);
  seat.say = (connection) => {
    connection.restart(LAST_RUN);
    connection.signal(number);
  };
}

/** A silent place at the monitor of a container that runs, or will again; undefined when it does not. */
async function watch(engine: Engine, record: ContainerRecord): Promise<Seat | undefined> {
  const directory = containerDirectory(engine.root, record.id);
  await launchOver(directory);
  for (let tries = 1; ; tries += 1) {
    if (!isUp(observe(directory))) return undefined;
    const connection = await greeted(directory).catch((error: unknown) => {
      // It may have ended between the look and the call.
      if (isUp(observe(directory)) && tries === TRIES) throw error;
    });
    if (connection !== undefined) return { connection };
    // Between two runs a monitor lets go of everybody, and is there again at once.
    if (tries < TRIES) await sleep(tries * TRY_AGAIN_MS);
    else if (isUp(observe(directory))) throw turnedAway(record);
  }
}

function turnedAway({ name }: ContainerRecord): Fault {
  return new Fault('unavailable', `container ${name}: its monitor has turned us away`, {
    hint: 'At most 16 can be attached at a time.',
  });
}

/** A silent connection; undefined when the monitor closed it without a word: until then it is not known to be a place. */
async function greeted(directory: string): Promise<MonitorConnection | undefined> {
  let greet = (): void => undefined;
  const greeting = new Promise<'greeted'>((resolve) => (greet = () => resolve('greeted')));
  const connection = await connectMonitor(directory, { started: () => greet(), restarting: () => greet() });
  connection.quiet();
  const first = await within(Promise.race([greeting, connection.end]), GREETING_MS);
  return first === undefined || first === 'greeted' || first.kind !== 'gone' ? connection : undefined;
}

async function endOf(engine: Engine, record: ContainerRecord, seat: Seat): Promise<MonitorEnd> {
  for (;;) {
    const end = await seat.connection.end;
    const goesOn = end.kind === 'gone' || (end.kind === 'exited' && end.status.restarting !== undefined);
    const again = goesOn && (seat.say !== undefined || end.kind === 'gone') ? await watch(engine, record) : undefined;
    if (again === undefined) return end;
    seat.connection.close();
    seat.connection = again.connection;
    if (end.kind === 'exited') seat.say?.(seat.connection);
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
