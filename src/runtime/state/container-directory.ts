import { mkdirSync, readdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { Fault } from '#base/fault.ts';

/** The files of one container below the state root. */
export interface ContainerDirectory {
  readonly path: string;
  readonly config: string;
  readonly state: string;
  /** "PID STARTTIME" of init, written by the launcher. */
  readonly pid: string;
  /** The plan that made the container, as JSON: failures after the start are explained by it. */
  readonly plan: string;
  /** For the front: what it needs to answer by itself, and how something is executed here (#runtime/stored). */
  readonly answers: string;
  readonly exec: string;
  /** Fifos of a container that waits to be started. */
  readonly go: string;
  readonly report: string;
}

/** For the container's own readiness socket; not there for most. */
export function notifyDirectory({ path }: ContainerDirectory): string {
  return `${path}/notify`;
}

/** Throws `invalid` for an id that is no plain file name. */
export function containerDirectory(root: string, id: string): ContainerDirectory {
  if (!/^[A-Za-z0-9_+-][A-Za-z0-9_+.-]*$/.test(id) || id.length > 1024) {
    throw new Fault('invalid', `container id "${id}" may hold only letters, digits and _ + - . (no leading dot)`, {
      field: 'container-id',
    });
  }
  return filesOf(`${root}/${id}`);
}

/** Where a container that was never finished is while it is deleted: no id looks like this, and no list shows it. */
export const asideDirectory = (root: string, id: string): ContainerDirectory => filesOf(`${root}/.${id}`);

function filesOf(path: string): ContainerDirectory {
  return {
    path,
    config: `${path}/config.json`,
    state: `${path}/state.json`,
    plan: `${path}/plan.json`,
    answers: `${path}/answers`,
    exec: `${path}/exec.plan`,
    go: `${path}/go`,
    report: `${path}/report`,
    // Removed last: a container with it has ended, and one without is being made.
    pid: `${path}/pid`,
  };
}

/** Takes the id: making the directory is the lock. Throws `alreadyExists`. */
export function claimDirectory(root: string, directory: ContainerDirectory, id: string): void {
  try {
    mkdirSync(directory.path, { mode: 0o700 });
    return;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') throw new Fault('alreadyExists', `container with id exists already: ${id}`);
    if (code !== 'ENOENT') throw new Fault('denied', `make the state directory ${directory.path}`, { cause: error });
  }
  mkdirSync(root, { recursive: true, mode: 0o700 });
  claimDirectory(root, directory, id);
}

/** Known files one by one: a recursive removal costs many times as much. */
export function dropDirectory(directory: ContainerDirectory): void {
  const { path, ...files } = directory;
  for (const file of Object.values(files)) {
    try {
      unlinkSync(file);
    } catch {
      // It was not made, or it is no file: what is left is removed below.
    }
  }
  try {
    rmdirSync(path);
  } catch {
    rmSync(path, { recursive: true, force: true });
  }
}

/** Ids of all containers below the root, sorted. */
export function listIds(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .toSorted();
  } catch {
    return [];
  }
}
