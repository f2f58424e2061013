import { readFileSync, readlinkSync, statSync } from 'node:fs';
import type { MountLine } from './external.ts';

/** Beside the images, as runc names it: what the standard descriptors were. */
export const DESCRIPTORS_FILE = 'descriptors.json';

/**
 * Names that criu knows the standard descriptors of a process by: those that lead out of the container, to be handed to
 * it again when it is restored. "" for one that the images hold.
 */
export function outsideDescriptors(pid: number, mounts: readonly MountLine[]): string[] {
  const inside = new Set(mounts.map(({ id }) => id));
  return [0, 1, 2].map((number) => {
    try {
      const link = readlinkSync(`/proc/${pid}/fd/${number}`);
      if (/^(pipe|socket):\[/.test(link)) return link;
      const mount = Number(/^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${number}`, 'utf8'))?.[1]);
      if (inside.has(mount)) return '';
      return `file[${mount.toString(16)}:${statSync(`/proc/${pid}/fd/${number}`).ino.toString(16)}]`;
    } catch {
      return '';
    }
  });
}

/** What of them is told to criu when it writes the images; pipes it recognizes by itself. */
export function externalFiles(names: readonly string[]): string[] {
  return [...new Set(names.filter((name) => name.startsWith('file[')))];
}
