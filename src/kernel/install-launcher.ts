import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { nativeLauncher, type Launcher } from './launcher.ts';
import { hasMappedUsers, NOBODY } from './user-namespace.ts';

/** The launcher inside the executable, installed and ready: one module, since each further one costs start-up time. */
export function installedLauncher(embedded: string, runDirectory: string): Launcher {
  return nativeLauncher(installLauncher(embedded, runDirectory), runDirectory);
}

/**
 * Copies the launcher out of the executable, once per run directory and version, and checks the copy on every use:
 * its directory must be ours alone, and its bytes must be the embedded ones. Returns the copy's path.
 */
function installLauncher(embedded: string, runDirectory: string): string {
  const bytes = readFileSync(embedded);
  makePrivate(runDirectory);
  const path = join(runDirectory, 'launcher');
  if (!isSame(path, bytes)) write(path, bytes);
  return path;
}

/** Makes the directory, or takes an existing one that is ours alone. */
export function makePrivate(directory: string): void {
  requirePrivate(directory);
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  // The one above may have been made by somebody else in between.
  requirePrivate(directory);
}

/**
 * Nothing is believed of a directory that somebody else can write to, or put another in the place of. A missing one is
 * fine.
 */
export function requirePrivate(directory: string): void {
  requireIf(isSafeParent, dirname(directory), directory);
  requireIf(isOwn, directory, directory);
}

function requireIf(isSafe: (stat: Stats) => boolean, path: string, directory: string): void {
  let stat: Stats;
  try {
    stat = lstatSync(path);
  } catch {
    return;
  }
  if (isSafe(stat)) return;
  throw new Fault('denied', `use the run directory ${directory}: others can write to it`, {
    field: '--run-root',
    hint: `It must be a directory of user ${ownId()} with mode 711 or stricter.`,
  });
}

/**
 * In a directory such as /tmp nobody may rename what is another's, but for its owner; the machine's root is nobody in a user
 * namespace.
 */
function isSafeParent(stat: Stats): boolean {
  const isOurs = stat.uid === ownId() || stat.uid === 0 || (stat.uid === NOBODY && hasMappedUsers());
  if (stat.isSymbolicLink()) return isOurs;
  return isOurs && ((stat.mode & 0o1000) !== 0 || (stat.mode & 0o002) === 0);
}

function isOwn(stat: Stats): boolean {
  return stat.isDirectory() && stat.uid === ownId() && (stat.mode & 0o022) === 0;
}

const ownId = (): number => process.geteuid?.() ?? 0;

function isSame(path: string, bytes: Buffer): boolean {
  try {
    return lstatSync(path).isFile() && readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}

function write(path: string, bytes: Buffer): void {
  const aside = `${path}.${process.pid}`;
  const fd = openSync(aside, 'w', 0o700);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  chmodSync(aside, 0o500);
  renameSync(aside, path);
}
