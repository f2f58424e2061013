import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { readHostFacts } from '#kernel/host-facts.ts';
import type { Diagnosis, Look, Patient } from './finding.ts';
import { KERNEL } from './kernel.ts';
import { LIMITS } from './limits.ts';
import { STORAGE } from './storage.ts';
import { USERS } from './users.ts';

export type { Diagnosis, Patient } from './finding.ts';

const LOOKS: Readonly<Record<string, Look>> = { ...KERNEL, ...LIMITS, ...STORAGE, ...USERS };

/** Looks at everything that containers need of the machine, and changes nothing. */
export function examine(patient: Patient): Diagnosis[] {
  return Object.entries(LOOKS).map(([about, look]) => ({ about, ...look(patient) }));
}

/** This machine, as this process sees it. `path` is PATH. */
export function thisMachine(root: string, path: string): Patient {
  return {
    facts: readHostFacts(),
    root,
    user: nameOf(process.getuid?.() ?? 0),
    read: textOf,
    exists: existsSync,
    device: deviceAt,
    program: (name) => path.split(delimiter).some((directory) => isExecutable(join(directory, name))),
    disk: (file) => {
      const { type, bavail, bsize, blocks } = statfsSync(nearestAbove(file));
      return { type, free: bavail * bsize, size: blocks * bsize };
    },
  };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** By /etc/passwd, as the programs that map ids look it up; its number for a user without a name. */
function nameOf(uid: number): string {
  const fields = (textOf('/etc/passwd') ?? '').split('\n').map((line) => line.split(':'));
  return fields.find(([, , id]) => id === String(uid))?.[0] ?? String(uid);
}

function deviceAt(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isCharacterDevice() !== true) return undefined;
  return `${found.rdev >> 8}:${found.rdev & 0xff} ${(found.mode & 0o7777).toString(8)}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function nearestAbove(path: string): string {
  return existsSync(path) || path === '/' ? path : nearestAbove(dirname(path));
}
