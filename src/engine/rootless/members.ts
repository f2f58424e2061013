import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, type ProcessIdentity } from '#base/process-identity.ts';

/**
 * Who lives in the user namespace of a user's containers. Nothing holds it but those who are in it: commands that run at
 * this moment sign here, and each container has its monitor. So whoever comes next finds the one namespace that there is, and
 * who finds none makes it; both while the `lock` in the directory is held.
 */
export interface Members {
  /** Held while one is looked for or made. */
  lockFile: string;
  /** Living processes, as PID:STARTTIME; the entries of dead ones are removed. */
  living(): Generator<ProcessIdentity>;
  sign(identity: ProcessIdentity): void;
}

export function openMembers(runDirectory: string, root: string): Members {
  const directory = join(runDirectory, 'namespace');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return {
    lockFile: join(directory, 'lock'),
    living: function* () {
      for (const name of namesIn(directory)) {
        if (!name.includes(':')) continue;
        if (isAlive(name)) yield name as ProcessIdentity;
        else unlinkSync(join(directory, name));
      }
      yield* ofContainers(join(root, 'containers'));
    },
    // The name says it all: a file that is made is never half there.
    sign: (identity) => writeFileSync(join(directory, identity), '', { mode: 0o600 }),
  };
}

/** Monitors, and what is left of a container whose monitor was killed. */
function* ofContainers(directory: string): Generator<ProcessIdentity> {
  for (const id of namesIn(directory)) {
    for (const file of ['lock', 'pid']) {
      const identity = textOf(join(directory, id, file))
        .trim()
        .replace(' ', ':');
      if (identity !== '' && isAlive(identity)) yield identity as ProcessIdentity;
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
