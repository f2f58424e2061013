import { join } from 'node:path';
import type { Database } from '#store/database.ts';

/** What is recorded of a volume. Its files lie below the root, or where its mount options say. */
export interface VolumeRecord {
  name: string;
  driver: 'local';
  /** `type`, `device` and `o`, as they were given. */
  options: Readonly<Record<string, string>>;
  labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  created: number;
  /** Made for one container, under a name that nobody chose. */
  anonymous: boolean;
  /** `filling`: what the image of its first container has there, or an archive, is being put into it. */
  phase: 'creating' | 'filling' | 'ready' | 'removing';
  /** The process that is changing it, as PID:STARTTIME. */
  owner: string | undefined;
}

interface Row {
  name: string;
  options: string;
  labels: string;
  created: number;
  anonymous: number;
  phase: VolumeRecord['phase'];
  owner: string | null;
}

const fromRow = (row: Row): VolumeRecord => ({
  name: row.name,
  driver: 'local',
  options: JSON.parse(row.options) as Record<string, string>,
  labels: JSON.parse(row.labels) as Record<string, string>,
  created: row.created,
  anonymous: row.anonymous === 1,
  phase: row.phase,
  owner: row.owner ?? undefined,
});

/** Directory of a volume; names are checked before they are recorded (name.ts). */
export const volumeDirectory = (root: string, name: string): string => join(root, 'volumes', name);

/** Where its files are. */
export const volumeData = (root: string, name: string): string => join(volumeDirectory(root, name), '_data');

/** The table of volumes, and of which container has which. */
export interface VolumeRecords {
  list(): VolumeRecord[];
  get(name: string): VolumeRecord | undefined;
  insert(record: VolumeRecord): void;
  setPhase(name: string, phase: VolumeRecord['phase'], owner: string | undefined): void;
  remove(name: string): void;
  /** Volumes that some process is changing, or was. */
  unsettled(): VolumeRecord[];
  use(name: string, container: string): void;
  /** Ids of the containers that have it, the oldest first. */
  users(name: string): string[];
  usedBy(container: string): VolumeRecord[];
}

export function volumeRecords(database: Database): VolumeRecords {
  const query = (rest: string, ...values: string[]): VolumeRecord[] =>
    database.all<Row>(`SELECT volume.* FROM volume ${rest}`, ...values).map(fromRow);
  return {
    list: () => query('ORDER BY name'),
    get: (name) => query('WHERE name = ?', name)[0],
    insert: ({ name, options, labels, created, anonymous, phase, owner }) =>
      void database.run(
        'INSERT INTO volume (name, options, labels, created, anonymous, phase, owner) VALUES (?, ?, ?, ?, ?, ?, ?)',
        name,
        JSON.stringify(options),
        JSON.stringify(labels),
        created,
        Number(anonymous),
        phase,
        owner ?? null,
      ),
    setPhase: (name, phase, owner) =>
      void database.run('UPDATE volume SET phase = ?, owner = ? WHERE name = ?', phase, owner ?? null, name),
    remove: (name) => void database.run('DELETE FROM volume WHERE name = ?', name),
    unsettled: () => query("WHERE phase <> 'ready'"),
    use: (name, container) =>
      void database.run('INSERT OR IGNORE INTO volume_use (volume, container) VALUES (?, ?)', name, container),
    users: (name) =>
      database
        .all<{ container: string }>(
          `SELECT container FROM volume_use JOIN containers ON containers.id = container WHERE volume = ?
           ORDER BY containers.created`,
          name,
        )
        .map(({ container }) => container),
    usedBy: (container) => query('JOIN volume_use ON volume_use.volume = volume.name WHERE container = ?', container),
  };
}
