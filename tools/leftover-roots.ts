/**
 * Roots of tests with containers in them: written down while they are in use, so that the run after a broken one can
 * stop and remove what still runs there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { identify, isAlive } from '#base/process-identity.ts';
import { SAMPAN, workDirectory } from '#tools/places.ts';

interface Note {
  root: string;
  owner: string;
}

/** Notes that this process uses `root`; call the result when it is gone. */
export function rememberRoot(root: string): () => void {
  const note = join(workDirectory('roots'), `${basename(root)}.json`);
  writeFileSync(note, JSON.stringify({ root, owner: identify(process.pid) ?? '' } satisfies Note));
  return () => rmSync(note, { force: true });
}

/** Removes every container below `root`, running or not, and the root. */
export function clearRoot(root: string): void {
  const options = { encoding: 'utf8', timeout: 60_000, env: { ...process.env, SAMPAN_ROOT: root } } as const;
  if (existsSync(SAMPAN) && existsSync(root)) {
    const ids = spawnSync(SAMPAN, ['ps', '--all', '--quiet', '--no-trunc'], options).stdout.split('\n').filter(Boolean);
    if (ids.length > 0) spawnSync(SAMPAN, ['rm', '--force', ...ids], options);
  }
  rmSync(root, { recursive: true, force: true });
}

/** Clears the roots whose owners died. Returns them. */
export function clearLeftoverRoots(): string[] {
  const directory = workDirectory('roots');
  const cleared: string[] = [];
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    const { root, owner } = JSON.parse(readFileSync(path, 'utf8')) as Note;
    if (isAlive(owner)) continue;
    clearRoot(root);
    rmSync(path, { force: true });
    cleared.push(root);
  }
  return cleared;
}
