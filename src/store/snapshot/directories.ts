import { chmodSync, chownSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import type { Trash } from '#store/content/trash.ts';
import type { Launcher } from '#kernel/launcher.ts';
import type { SnapshotRow, SnapshotRows } from './rows.ts';
import { diskUsage } from './usage.ts';
import type { CommittedLayer, SnapshotUsage } from './port.ts';

/** What the drivers work with. */
export interface DriverParts {
  /** Absolute directory of this driver's snapshots: `ID/fs` holds a tree. */
  base: string;
  database: Database;
  rows: SnapshotRows;
  trash: Trash;
  launcher: Launcher;
}

/** Short on purpose: mount(2) takes 4096 bytes of options for 127 of these. */
export function treeOf(id: number): string {
  return `${id}/fs`;
}

export function hasTree(parts: DriverParts, id: number): boolean {
  return statSync(join(parts.base, treeOf(id)), { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Throws `corrupt` when the row's directory has gone. */
export function needTree(parts: DriverParts, row: SnapshotRow): void {
  if (hasTree(parts, row.id)) return;
  throw new Fault('corrupt', `the directory of the snapshot "${row.key}" has gone`, {
    hint: 'Remove the image and pull it again.',
    facts: { key: row.key },
  });
}

/** Takes a snapshot's row and directory away in one step; a missing one is fine. */
export async function removeSnapshot(parts: DriverParts, key: string): Promise<void> {
  const { database, rows, trash, base } = parts;
  const found = database.transaction(() => {
    const row = rows.find(key);
    if (row === undefined) return false;
    rows.delete(row);
    trash.take(join(base, String(row.id)));
    return true;
  });
  if (found) await trash.empty();
}

/** Renames a sealed layer into place under a new row; inside a transaction. */
export function placeLayer(parts: DriverParts, { chainId, parent, size }: CommittedLayer, tree: string): void {
  const { rows, base } = parts;
  const known = rows.find(chainId);
  if (known !== undefined && hasTree(parts, known.id)) return;
  const id = known?.id ?? rows.insert(chainId, 'layer', parent === undefined ? undefined : rows.need(parent).id, size);
  freshDirectory(parts, id);
  renameSync(tree, join(base, treeOf(id)));
}

/** Makes `base/ID`. What lies there was left by a transaction that never came to its end. */
export function freshDirectory(parts: DriverParts, id: number): string {
  const directory = join(parts.base, String(id));
  parts.trash.take(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Makes a tree's root look as the one below: an upper directory's own attributes are what a container sees. */
export function copyRootAttributes(from: string, to: string): void {
  const { mode, uid, gid } = statSync(from);
  chownSync(to, uid, gid);
  chmodSync(to, mode & 0o7777);
}

export async function snapshotUsage(parts: DriverParts, key: string): Promise<SnapshotUsage> {
  const row = parts.rows.need(key);
  needTree(parts, row);
  return diskUsage(join(parts.base, treeOf(row.id)));
}
