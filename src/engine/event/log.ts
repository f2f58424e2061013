import type { Database } from '#store/database.ts';

/** Something that happened, as the Engine API words it. */
export interface EngineEvent {
  /** Counts up for ever on this root; never used twice. */
  seq: number;
  /** Milliseconds since 1970. */
  time: number;
  type: 'container' | 'image' | 'volume';
  action: string;
  /** Id of the container or of the image, or name of the volume. */
  actor: string;
  attributes: Readonly<Record<string, string>>;
}

export type NewEvent = Omit<EngineEvent, 'seq' | 'time'> & { time?: number };

/** So many are kept at least. */
const KEPT = 10_000;
const TRIM_EVERY = 100;

interface Row {
  seq: number;
  time: number;
  type: EngineEvent['type'];
  action: string;
  actor: string;
  attributes: string;
}

/** Writes an event down; best inside the transaction of what it tells, so that there is either both or none. */
export function noteEvent(database: Database, { time = Date.now(), type, action, actor, attributes }: NewEvent): void {
  const { lastId } = database.run(
    'INSERT INTO event (time, type, action, actor, attributes) VALUES (?, ?, ?, ?, ?)',
    time,
    type,
    action,
    actor,
    JSON.stringify(attributes),
  );
  if (lastId % TRIM_EVERY === 0) database.run('DELETE FROM event WHERE seq <= ?', lastId - KEPT);
}

/** Events after a sequence number, in order. */
export function eventsAfter(database: Database, seq: number): EngineEvent[] {
  const rows = database.all<Row>('SELECT * FROM event WHERE seq > ? ORDER BY seq', seq);
  return rows.map((row) => ({ ...row, attributes: JSON.parse(row.attributes) as Record<string, string> }));
}

export function lastSequence(database: Database): number {
  return database.get<{ seq: number | null }>('SELECT max(seq) AS seq FROM event')?.seq ?? 0;
}
