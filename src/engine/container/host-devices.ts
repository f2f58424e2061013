import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deviceNumbers } from '#base/device-numbers.ts';
import type { Device } from '#runtime/spec/spec.ts';

/** Made anew for every container, so the host's own are not handed on. */
const OWN = new Set([
  'pts',
  'shm',
  'mqueue',
  'fd',
  'console',
  'ptmx',
  'null',
  'zero',
  'full',
  'random',
  'urandom',
  'tty',
]);

/** The host's device nodes, for a privileged container. */
export function hostDevices(directory = '/dev', depth = 0): Device[] {
  return readdirSync(directory)
    .filter((name) => depth > 0 || !OWN.has(name))
    .flatMap((name) => nodesAt(join(directory, name), depth));
}

function nodesAt(path: string, depth: number): Device[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isDirectory()) return depth < 4 ? hostDevices(path, depth + 1) : [];
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return [];
  const { major, minor } = deviceNumbers(BigInt(stat.rdev));
  return [
    {
      path,
      type: stat.isBlockDevice() ? 'b' : 'c',
      major,
      minor,
      fileMode: stat.mode & 0o777,
      uid: stat.uid,
      gid: stat.gid,
    },
  ];
}
