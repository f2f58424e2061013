import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import type { SnapshotDriver } from '#store/store.ts';
import { DEFAULT_OPTIONS, type ContainerOptions } from './options.ts';

/** What is recorded of a container. Whether it lives is not recorded: that is asked (state.ts). */
export interface ContainerRecord {
  id: string;
  name: string;
  /** The image as the user named it, and its id at that time. */
  imageName: string;
  imageId: string;
  /** Who keeps its tree. */
  snapshotter: SnapshotDriver;
  options: ContainerOptions;
  /** Milliseconds since 1970. */
  created: number;
  phase: 'creating' | 'ready' | 'removing';
  /** The process that is changing it, as PID:STARTTIME. */
  owner: string | undefined;
  /** True from before a start until the end of that run has been taken note of. */
  active: boolean;
  autoRemove: boolean;
  /** Somebody has asked for a pause; whether it is held is asked of its control group. */
  pauseAsked?: boolean;
  /** How far its monitor's journal has been taken over, and how long it was then. */
  journal: string;
  journalSize: number;
  /** How often its monitor has started it anew since somebody started it. */
  restarts: number;
  /** Its user has started it and not stopped it since. */
  wanted: boolean;
}

interface Row {
  id: string;
  name: string;
  image_name: string;
  image_id: string;
  snapshotter: SnapshotDriver;
  options: string;
  created: number;
  phase: ContainerRecord['phase'];
  owner: string | null;
  active: number;
  auto_remove: number;
  paused: number;
  journal: string;
  journal_size: number;
  restarts: number;
  wanted: number;
}

const fromRow = (row: Row): ContainerRecord => ({
  id: row.id,
  name: row.name,
  imageName: row.image_name,
  imageId: row.image_id,
  snapshotter: row.snapshotter,
  options: { ...DEFAULT_OPTIONS, ...(JSON.parse(row.options) as Partial<ContainerOptions>) },
  created: row.created,
  phase: row.phase,
  owner: row.owner ?? undefined,
  active: row.active === 1,
  autoRemove: row.auto_remove === 1,
  pauseAsked: row.paused === 1,
  journal: row.journal,
  journalSize: row.journal_size,
  restarts: row.restarts,
  wanted: row.wanted === 1,
});

/** What every command looks at of each container that is up or being changed. */
export type UnsettledRecord = Pick<ContainerRecord, 'id' | 'name' | 'phase' | 'owner' | 'journalSize'>;

/** Directory of a container below the engine's root: its plan, log, lock, exit status and attach socket. */
export const containerDirectory = (root: string, id: string): string => join(root, 'containers', id);

/** The table of containers. */
export interface ContainerRecords {
  list(): ContainerRecord[];
  get(id: string): ContainerRecord | undefined;
  /** By name, id or an unambiguous start of an id; `notFound` and `conflict` otherwise. */
  find(nameOrId: string): ContainerRecord;
  nameOwner(name: string): ContainerRecord | undefined;
  insert(record: ContainerRecord): void;
  setPhase(id: string, phase: ContainerRecord['phase']): void;
  setOwner(id: string, owner: string | undefined): void;
  /** Also that of the run to come nobody has said yet that it has begun; one that is begun counts its restarts anew. */
  setActive(id: string, active: boolean): void;
  /** False when the run has been marked as begun before. */
  markStarted(id: string): boolean;
  markEnded(id: string): void;
  /** Whether the end of the newest run that has begun has been told. */
  hasEnded(id: string): boolean;
  setJournal(id: string, position: string, size: number): void;
  setRestarts(id: string, count: number): void;
  /** Whether it is to run, as far as its user has said: started, and not stopped by hand since. */
  setWanted(id: string, wanted: boolean): void;
  setPauseAsked(id: string, asked: boolean): void;
  setName(id: string, name: string): void;
  setOptions(id: string, options: ContainerOptions): void;
  remove(id: string): void;
  /** Containers that some process was changing or that were last seen running. */
  unsettled(): UnsettledRecord[];
  /** Made from it, or with it mounted. */
  usingImage(imageId: string): ContainerRecord[];
}

export function containerRecords(database: Database): ContainerRecords {
  const query = (where: string, ...values: (string | number)[]): ContainerRecord[] =>
    database.all<Row>(`SELECT * FROM containers ${where}`, ...values).map(fromRow);
  const change = (sql: string, ...values: (string | number | null)[]): void => void database.run(sql, ...values);
  return {
    list: () => query('ORDER BY created DESC'),
    get: (id) => query('WHERE id = ?', id)[0],
    find: (nameOrId) => findOne(query, nameOrId),
    nameOwner: (name) => query('WHERE name = ?', name)[0],
    insert: (record) =>
      change(
        `INSERT INTO containers (id, name, image_name, image_id, snapshotter, options, created, phase, owner, active, auto_remove)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        record.id,
        record.name,
        record.imageName,
        record.imageId,
        record.snapshotter,
        JSON.stringify(record.options),
        record.created,
        record.phase,
        record.owner ?? null,
        Number(record.active),
        Number(record.autoRemove),
      ),
    setPhase: (id, phase) => change('UPDATE containers SET phase = ? WHERE id = ?', phase, id),
    setOwner: (id, owner) => change('UPDATE containers SET owner = ? WHERE id = ?', owner ?? null, id),
    setActive: (id, active) =>
      change(
        `UPDATE containers SET active = ?1, started = 0, ended = 0, paused = 0, restarts = iif(?1, 0, restarts),
           wanted = iif(?1, 1, wanted)
         WHERE id = ?2`,
        Number(active),
        id,
      ),
    markStarted: (id) =>
      database.run('UPDATE containers SET started = 1, ended = 0 WHERE id = ? AND started = 0', id).changes > 0,
    markEnded: (id) => change('UPDATE containers SET started = 0, ended = 1, paused = 0 WHERE id = ?', id),
    hasEnded: (id) => database.get('SELECT 1 FROM containers WHERE id = ? AND ended = 1', id) !== undefined,
    setJournal: (id, position, size) =>
      change('UPDATE containers SET journal = ?, journal_size = ? WHERE id = ?', position, size, id),
    setRestarts: (id, count) => change('UPDATE containers SET restarts = ? WHERE id = ?', count, id),
    setWanted: (id, wanted) => change('UPDATE containers SET wanted = ? WHERE id = ?', Number(wanted), id),
    setPauseAsked: (id, asked) => change('UPDATE containers SET paused = ? WHERE id = ?', Number(asked), id),
    setName: (id, name) => change('UPDATE containers SET name = ? WHERE id = ?', name, id),
    setOptions: (id, options) => change('UPDATE containers SET options = ? WHERE id = ?', JSON.stringify(options), id),
    remove: (id) => change('DELETE FROM containers WHERE id = ?', id),
    // From the index `containers_unsettled`, which is of the same condition.
    unsettled: () =>
      database
        .all<Pick<Row, 'id' | 'name' | 'phase' | 'owner' | 'journal_size'>>(
          `SELECT id, name, phase, owner, journal_size FROM containers
           WHERE owner IS NOT NULL OR active = 1 OR phase <> 'ready'`,
        )
        .map(({ owner, journal_size: journalSize, ...row }) => ({ ...row, journalSize, owner: owner ?? undefined })),
    usingImage: (imageId) =>
      query('WHERE image_id = ?1 OR id IN (SELECT container FROM image_use WHERE image = ?1)', imageId),
  };
}

function findOne(query: (where: string, ...values: string[]) => ContainerRecord[], nameOrId: string): ContainerRecord {
  // An id is nobody else's name.
  const exact = query('WHERE name = ?1 OR id = ?1 ORDER BY id = ?1 DESC', nameOrId)[0];
  if (exact !== undefined) return exact;
  // `g` comes after every hexadecimal digit.
  const found = /^[0-9a-f]+$/.test(nameOrId) ? query('WHERE id > ? AND id < ? LIMIT 2', nameOrId, `${nameOrId}g`) : [];
  const [first, second] = found;
  if (first === undefined)
    throw new Fault('notFound', `No such container: ${nameOrId}`, {
      hint: 'sampan ps -a lists the containers there are.',
    });
  if (second !== undefined)
    throw new Fault('conflict', `find container ${nameOrId}: several ids start so`, {
      hint: 'Give more digits of the id.',
    });
  return first;
}
