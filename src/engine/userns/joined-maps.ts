import { readdirSync, readFileSync, statSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import type { IdMaps } from '#runtime/lower/context.ts';
import type { IdMapping, Spec } from '#runtime/spec/spec.ts';

/** The ids of the user namespace that a container joins by its path, as one of its processes sees them; undefined for others. */
export function joinedMaps(spec: Spec): IdMaps | undefined {
  const path = (spec.linux?.namespaces ?? []).find(({ type }) => type === 'user')?.path;
  if (path === undefined) return undefined;
  const pid = memberOf(path);
  if (pid !== undefined) return { uids: mapsIn(`/proc/${pid}/uid_map`), gids: mapsIn(`/proc/${pid}/gid_map`) };
  throw new Fault('notFound', `--userns: no process lives in the user namespace ${path}`, { field: '--userns' });
}

/** A namespace tells its ids only to who is in it, or shows them in the place of a member. */
function memberOf(path: string): string | undefined {
  const own = /^\/proc\/(\d+)\/ns\/user$/.exec(path)?.[1];
  if (own !== undefined) return own;
  const wanted = inode(path);
  if (wanted === undefined) return undefined;
  return readdirSync('/proc').find((name) => /^\d+$/.test(name) && inode(`/proc/${name}/ns/user`) === wanted);
}

/** Of the namespace itself, whatever file it is bound on. */
function inode(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function mapsIn(file: string): IdMapping[] {
  const lines = readFileSync(file, 'latin1').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [containerID = 0, hostID = 0, size = 0] = line.trim().split(/\s+/).map(Number);
    return { containerID, hostID, size };
  });
}
