import {
  closeSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { newOwner, ownerLives } from '#store/content/work-area.ts';

/** What stands between a file's name and the owner of a draft of it. */
const DRAFT = '.sampan-';
const MOST_TRIES = 20;

/**
 * Changes a file that only its owner may read. Another program sees the old content or the new one, never a part; what a
 * killed one left beside it is cleared. `change` is called again when another program was quicker, and gives undefined
 * when there is nothing to change. A link is followed, so that it stays one.
 */
export function changePrivateFile(path: string, change: () => string | undefined): void {
  const target = targetOf(path);
  try {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const before = versionOf(target);
      const text = change();
      clearDrafts(target);
      if (text === undefined || replace(target, text, before)) return;
    }
  } catch (cause) {
    throw cause instanceof Fault ? cause : new Fault('denied', `write ${path}`, { cause });
  }
  throw new Fault('conflict', `write ${path}: other programs keep changing it`);
}

function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function versionOf(path: string): string {
  const at = statSync(path, { bigint: true, throwIfNoEntry: false });
  return at === undefined ? '' : `${at.ino}:${at.size}:${at.mtimeNs}`;
}

/** False when the file is not what it was `before`. (Between that look and the rename it can still change.) */
function replace(path: string, text: string, before: string): boolean {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}${DRAFT}${newOwner()}`;
  try {
    writeDraft(draft, text, path);
    if (versionOf(path) !== before) return false;
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
  syncPath(directory);
  return true;
}

function writeDraft(draft: string, text: string, path: string): void {
  const fd = openSync(draft, 'wx', 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    // With sudo, a file in the home of another user stays that user's.
    const old = statSync(path, { throwIfNoEntry: false });
    if (old !== undefined && old.uid !== process.geteuid?.()) fchownSync(fd, old.uid, old.gid);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncPath(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function clearDrafts(path: string): void {
  const prefix = `${basename(path)}${DRAFT}`;
  const directory = dirname(path);
  for (const name of namesOf(directory)) {
    if (name.startsWith(prefix) && !ownerLives(name.slice(prefix.length)))
      rmSync(join(directory, name), { force: true });
  }
}

function namesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
