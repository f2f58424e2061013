import { readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { isAlive } from '#base/process-identity.ts';
import { mountText } from '#kernel/mount-text.ts';
import { hasMappedUsers } from '#kernel/user-namespace.ts';
import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';

/** An image that is mounted on the host, read-only. Its layers stay as long. */
export interface ImageMount {
  image: Digest;
  /** Chain ID of its top layer. */
  chain: string;
  path: string;
  /** How often it was asked for, and so has to be given back. */
  times: number;
  /** The process that is mounting or unmounting it, as PID:STARTTIME. */
  owner: string | undefined;
}

interface Row {
  image: Digest;
  chain: string;
  path: string;
  times: number;
  place: string;
  owner: string | null;
}

/** The records alone: whoever mounts writes one first, and deletes it last. All inside transactions of the caller's. */
export interface ImageMounts {
  list(): ImageMount[];
  find(image: Digest): ImageMount | undefined;
  put(mount: ImageMount): void;
  remove(image: Digest): void;
  /** What is mounted no more, after a reboot or a crash. */
  lost(): ImageMount[];
  /** Forgets what is mounted no more, after a reboot or a crash. A sentence for each. */
  settle(): string[];
}

export function imageMounts(database: Database): ImageMounts {
  const query = (where: string, ...values: string[]): Row[] =>
    database.all<Row>(`SELECT * FROM image_mount ${where}`, ...values);
  const remove = (image: Digest): void => void database.run('DELETE FROM image_mount WHERE image = ?', image);
  return {
    list: () => query('ORDER BY path').map(fromRow),
    find: (image) => query('WHERE image = ?', image).map(fromRow)[0],
    put: ({ image, chain, path, times, owner }) =>
      void database.run(
        'INSERT OR REPLACE INTO image_mount (image, chain, path, times, place, owner) VALUES (?, ?, ?, ?, ?, ?)',
        image,
        chain,
        path,
        times,
        here(),
        owner ?? null,
      ),
    remove,
    lost: () => lost(query('')).map(fromRow),
    settle: () => {
      const gone = lost(query(''));
      for (const { image, path } of gone) {
        remove(image);
        removeEmpty(path);
      }
      return gone.map(({ image, path }) => `Forgot the mount of the image ${image} at ${path}, which has gone.`);
    },
  };
}

const fromRow = ({ image, chain, path, times, owner }: Row): ImageMount => {
  return { image, chain, path, times, owner: owner ?? undefined };
};

/** What another mount namespace of this boot holds is not seen from here, and left alone. */
function lost(rows: readonly Row[]): Row[] {
  if (rows.length === 0) return [];
  const place = here();
  const mounted = mountedPaths();
  return rows
    .filter((row) => row.owner === null || !isAlive(row.owner))
    .filter(({ place: other }) => other === place || bootOf(other) !== bootOf(place) || hasEnded(other))
    .filter((row) => row.place !== place || !mounted.has(row.path));
}

/** An ordinary user's mount namespaces end with those who live in them, all of whom that user can see. */
function hasEnded(place: string): boolean {
  const namespace = place.split(' ')[1];
  if (!hasMappedUsers()) return false;
  return !readdirSync('/proc').some((name) => /^\d+$/.test(name) && namespaceOf(name) === namespace);
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

const bootOf = (place: string): string | undefined => place.split(' ')[0];

/** This boot and this mount namespace. */
function here(): string {
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${readlinkSync('/proc/self/ns/mnt')}`;
}

function mountedPaths(): Set<string> {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return new Set(lines.map((line) => mountText(line.split(' ')[4] ?? '')));
}

/** Whoever was killed in the middle may have left a mount without a record. */
export function isMounted(path: string): boolean {
  return mountedPaths().has(path);
}

/** A directory that holds something is not ours any more. */
export function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // It has gone, or somebody uses it.
  }
}
