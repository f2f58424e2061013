import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import type { ExitStatus } from '#engine/monitor/exit-file.ts';
import { JOURNAL_START, journalSize, readJournal, timeOf, type JournalLine } from '#engine/monitor/journal.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';

type Noting = Pick<Engine, 'database' | 'containers' | 'root'>;
type Taker = (engine: Noting, record: ContainerRecord, line: JournalLine) => void;

/** What each line of a journal changes and tells; a name that is not here is passed over. */
const TAKERS: Readonly<Record<string, Taker>> = {
  started: (engine, record, { time }) => noteBegin(engine, record, time),
  exited: (engine, record, line) => noteEnd(engine, record, exitOf(line)),
  health_status: (engine, record, { fields, time }) =>
    noteContainer(engine, record, `health_status: ${fields['status'] ?? ''}`, { time }),
  restarting: ({ containers }, { id }, { fields }) => containers.setRestarts(id, Number(fields['count'] ?? 0)),
};

/**
 * Brings what the monitor noted since the last look into the records and the events: each line once, in order, whoever
 * looks, as the position is kept in the same transaction.
 */
export function takeJournal(engine: Noting, { id }: Pick<ContainerRecord, 'id'>): void {
  const directory = containerDirectory(engine.root, id);
  // Measured before it is read: what comes in between is seen at the next look.
  const size = journalSize(directory);
  if (size === (engine.containers.get(id)?.journalSize ?? size)) return;
  engine.database.transaction(() => {
    const record = engine.containers.get(id);
    if (record === undefined) return;
    const lines = readJournal(directory, record.journal);
    for (const line of lines) TAKERS[line.name]?.(engine, record, line);
    engine.containers.setJournal(id, lines.at(-1)?.position ?? record.journal, size);
  });
}

/** Whether the journal of a container has grown since the last look. */
export function hasNews(engine: Noting, record: Pick<ContainerRecord, 'id' | 'journalSize'>): boolean {
  return journalSize(containerDirectory(engine.root, record.id)) !== record.journalSize;
}

function exitOf({ fields, time }: JournalLine): ExitStatus {
  const started = (fields['started'] ?? '').slice(0, -6);
  return {
    code: Number(fields['code'] ?? 0),
    signal: Number(fields['signal'] ?? 0),
    oom: fields['oom'] === '1',
    started: started === '' ? time : Number(started),
    finished: time,
  };
}

/** A run has begun; once for each run, whoever is the first to see it. */
export function noteStart(engine: Noting, record: ContainerRecord): void {
  engine.database.transaction(() => {
    takeJournal(engine, record);
    // On a full disk the monitor could not note it.
    if (!engine.containers.hasEnded(record.id)) noteBegin(engine, record);
  });
}

function noteBegin(engine: Noting, record: ContainerRecord, time?: number): void {
  if (!engine.containers.markStarted(record.id)) return;
  noteContainer(engine, record, 'start', time === undefined ? {} : { time });
}

/**
 * The last run has ended, inside the transaction that takes note of it; nothing when the journal has said so, maybe before
 * a start that came to nothing.
 */
export function noteLastEnd(engine: Noting, record: ContainerRecord, exit: ExitStatus): void {
  const { journal = JOURNAL_START } = engine.containers.get(record.id) ?? {};
  const isTold = engine.containers.hasEnded(record.id) || timeOf(journal) >= exit.finished;
  if (!isTold) noteEnd(engine, record, exit);
}

function noteEnd(engine: Noting, record: ContainerRecord, exit: ExitStatus): void {
  // Its starter may have died before it could say so.
  noteBegin(engine, record, exit.started);
  engine.containers.markEnded(record.id);
  if (exit.oom) noteContainer(engine, record, 'oom', { time: exit.finished });
  const seconds = Math.floor((exit.finished - exit.started) / 1000);
  noteContainer(engine, record, 'die', {
    attributes: { execDuration: String(seconds), exitCode: String(exit.code) },
    time: exit.finished,
  });
}
