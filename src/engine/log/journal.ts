import { spawn } from 'node:child_process';
import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { stateOf } from '#engine/container/list.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { isUp } from '#engine/container/state.ts';
import { exportParser, type JournalEntry } from './journal-export.ts';
import type { LogRequest, LogSink } from './read.ts';
import { NEWLINE, TIME_SIZE } from './records.ts';

const LOOK_MS = 100;
const ERROR_PRIORITY = '3';

/** The lines of a container that logs to the journal, as journalctl gives them. */
export async function readJournal(
  engine: Engine,
  record: ContainerRecord,
  request: LogRequest,
  sink: LogSink,
): Promise<void> {
  let seen: string | undefined;
  const give = (entry: JournalEntry): void => {
    giveEntry(entry, sink);
    seen = entry.get('__CURSOR')?.toString() ?? seen;
  };
  const read = (more: readonly string[], stop?: () => boolean): Promise<void> =>
    journalctl(record, [...journalArguments(record, request), ...more], { give, pause: sink.pause, stop, request });
  const over = (): boolean => engine.containers.get(record.id) === undefined || !isUp(stateOf(engine, record));
  if (request.follow && !over()) await read(['--follow', ...(request.tail === undefined ? ['--lines=all'] : [])], over);
  if (request.signal?.aborted === true) return;
  // What was sent before now is then in the journal; an old one may not know how.
  await journalctl(record, ['--sync'], { give, pause: () => undefined, request }).catch(ignoreFailure);
  await read(seen === undefined ? [] : [`--after-cursor=${seen}`, '--lines=all']);
}

function ignoreFailure(error: unknown): void {
  if (error instanceof Fault && error.cause !== undefined) throw error;
}

function journalArguments(record: ContainerRecord, { tail, since, until }: LogRequest): string[] {
  return [
    '--output=export',
    '--no-pager',
    '--quiet',
    ...(tail === undefined ? [] : [`--lines=${tail}`]),
    ...(since === undefined ? [] : [`--since=@${(since / 1000).toFixed(3)}`]),
    ...(until === undefined ? [] : [`--until=@${(until / 1000).toFixed(3)}`]),
    `CONTAINER_ID_FULL=${record.id}`,
  ];
}

interface Reading {
  give: (entry: JournalEntry) => void;
  pause: () => void;
  /** Asked now and then whether to end it. */
  stop?: (() => boolean) | undefined;
  request: LogRequest;
}

/** One run of journalctl, to its end or ours. */
async function journalctl(
  record: ContainerRecord,
  args: readonly string[],
  { give, pause, stop, request: { signal } }: Reading,
): Promise<void> {
  const child = spawn('journalctl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  const feed = exportParser(give);
  child.stdout.on('data', (chunk: Buffer) => {
    feed(chunk);
    pause();
  });
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const quit = (): void => void child.kill('SIGTERM');
  const look = stop === undefined ? undefined : setInterval(() => void (stop() && quit()), LOOK_MS);
  signal?.addEventListener('abort', quit);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', (cause) => reject(unreadable(record, { cause })));
      child.once('close', resolve);
    });
    if (status !== null && status !== 0 && stop === undefined)
      throw unreadable(record, { facts: { says: complaint.trim() } });
  } finally {
    clearInterval(look);
    signal?.removeEventListener('abort', quit);
  }
}

function unreadable(record: ContainerRecord, more: { cause?: unknown; facts?: Record<string, string> }): Fault {
  return new Fault('unavailable', `read the log of container ${record.name}: journalctl cannot be asked`, {
    ...more,
    hint: 'It logs to the journal, which journalctl of the package systemd reads.',
  });
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
