import { formatBytes } from '#base/units.ts';
import { print, type Io } from '#doors/cli/io.ts';

interface Removal {
  untagged: readonly string[];
  deleted: string | undefined;
}

/** What went, as docker's prune commands tell it. */
export function printImages(io: Io, removals: readonly Removal[], dryRun: boolean): void {
  if (removals.length === 0) return;
  print(io, dryRun ? 'Images that would be deleted:' : 'Deleted Images:');
  for (const { untagged, deleted } of removals) {
    for (const name of untagged) print(io, `untagged: ${name}`);
    if (deleted !== undefined) print(io, `deleted: ${deleted}`);
  }
  print(io, '');
}

export function printContainers(io: Io, ids: readonly string[], dryRun: boolean): void {
  if (ids.length === 0) return;
  print(io, dryRun ? 'Containers that would be deleted:' : 'Deleted Containers:');
  for (const id of ids) print(io, id);
  print(io, '');
}

export function printVolumes(io: Io, names: readonly string[], dryRun: boolean): void {
  if (names.length === 0) return;
  print(io, dryRun ? 'Volumes that would be deleted:' : 'Deleted Volumes:');
  for (const name of names) print(io, name);
  print(io, '');
}

export function printReclaimed(io: Io, bytes: number, dryRun: boolean): void {
  print(io, `${dryRun ? 'Space that would be reclaimed' : 'Total reclaimed space'}: ${formatBytes(bytes)}`);
}
