import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { stateOf } from '#engine/container/list.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { exportParser, type JournalEntry } from './journal-export.ts';
import type { LogRequest, LogSink } from './read.ts';
import { NEWLINE, TIME_SIZE } from './records.ts';

const LOOK_MS = 100;
/** After a container's end its last lines are still on their way through the journal. */
const SETTLE_MS = 500;
const ERROR_PRIORITY = '3';

/** The lines of a container that logs to the journal, as journalctl gives them. */
export async function readJournal(
  engine: Engine,
  record: ContainerRecord,
  request: LogRequest,
  sink: LogSink,
): Promise<void> {
  const child = spawn('journalctl', journalArguments(record, request), { stdio: ['ignore', 'pipe', 'pipe'] });
  let last = Date.now();
  let complaint = '';
  const feed = exportParser((entry) => giveEntry(entry, sink));
  child.stdout.on('data', (chunk: Buffer) => {
    feed(chunk);
    sink.pause();
    last = Date.now();
  });
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => reject(unreadable(record, { cause })));
    child.once('close', resolve);
  });
  const quit = (): void => void child.kill('SIGTERM');
  request.signal?.addEventListener('abort', quit);
  const [status] = await Promise.all([ended, request.follow ? untilEnd(engine, record, child, () => last) : undefined]);
  request.signal?.removeEventListener('abort', quit);
  if (status !== null && status !== 0 && !request.follow)
    throw unreadable(record, { facts: { says: complaint.trim() } });
}

function journalArguments(record: ContainerRecord, { follow, tail, since, until }: LogRequest): string[] {
  const lines = tail === undefined ? (follow ? ['--lines=all'] : []) : [`--lines=${tail}`];
  return [
    '--output=export',
    '--no-pager',
    '--quiet',
    ...(follow ? ['--follow'] : []),
    ...lines,
    ...(since === undefined ? [] : [`--since=@${(since / 1000).toFixed(3)}`]),
    ...(until === undefined ? [] : [`--until=@${(until / 1000).toFixed(3)}`]),
    `CONTAINER_ID_FULL=${record.id}`,
  ];
}

function unreadable(record: ContainerRecord, more: { cause?: unknown; facts?: Record<string, string> }): Fault {
  return new Fault('unavailable', `read the log of container ${record.name}: journalctl cannot be asked`, {
    ...more,
    hint: 'It logs to the journal, which journalctl of the package systemd reads.',
  });
}

/** journalctl follows for ever. */
async function untilEnd(
  engine: Engine,
  record: ContainerRecord,
  child: ChildProcess,
  lastSeen: () => number,
): Promise<void> {
  const over = (): boolean =>
    engine.containers.get(record.id) === undefined || stateOf(engine, record).status !== 'running';
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    await sleep(LOOK_MS);
    if (over() && Date.now() - lastSeen() > SETTLE_MS) child.kill('SIGTERM');
  }
}

function giveEntry(entry: JournalEntry, sink: LogSink): void {
  const message = entry.get('MESSAGE');
  if (message === undefined) return;
  const stamp = entry.get('SYSLOG_TIMESTAMP');
  const time =
    stamp?.length === TIME_SIZE ? stamp : Buffer.from(timeOf(entry.get('__REALTIME_TIMESTAMP')?.toString() ?? '0'));
  const whole = entry.get('CONTAINER_PARTIAL_MESSAGE') === undefined;
  const record = Buffer.concat([time, message, ...(whole ? [Buffer.of(NEWLINE)] : [])]);
  const stream = entry.get('PRIORITY')?.toString() === ERROR_PRIORITY ? 'stderr' : 'stdout';
  sink.record(record, TIME_SIZE, record.length, stream, 0);
}

/** Microseconds since 1970 as RFC 3339 with nanoseconds. */
function timeOf(microseconds: string): string {
  const at = Number(microseconds);
  return new Date(Math.floor(at / 1000)).toISOString().replace('Z', `${String(at % 1000).padStart(3, '0')}000Z`);
}
