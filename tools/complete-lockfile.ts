/**
 * Names in package-lock.json the packages for other platforms that the registry in use did not serve. npm leaves
 * them out when it writes the file and then refuses the file in `npm ci`. Run after every `npm install`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  version?: string;
  optionalDependencies?: Record<string, string>;
  [field: string]: unknown;
}

const LOCKFILE = new URL('../package-lock.json', import.meta.url);
const PLATFORM = /(?<os>android|darwin|freebsd|linux|openharmony|win32)-(?<cpu>[a-z0-9]+)/;

/** What npm needs to know to pass over a package of another platform. */
function foreign(name: string, version: string): LockedPackage {
  const { os, cpu } = PLATFORM.exec(name)?.groups ?? {};
  if (os === undefined || cpu === undefined)
    throw new Error(`package-lock.json lacks ${name}, which is for every platform`);
  const libc = name.endsWith('-musl') ? { libc: ['musl'] } : {};
  return { version, cpu: [cpu], dev: true, ...libc, optional: true, os: [os] };
}

/** The lock file's packages with every optional dependency present. */
export function complete(packages: Readonly<Record<string, LockedPackage>>): Record<string, LockedPackage> {
  const optional = Object.values(packages).flatMap((entry) => Object.entries(entry.optionalDependencies ?? {}));
  const missing = optional.filter(([name]) => packages[`node_modules/${name}`] === undefined);
  const added = missing.map(([name, version]) => [`node_modules/${name}`, foreign(name, version)] as const);
  return Object.fromEntries([...Object.entries(packages), ...added].sort(([a], [b]) => (a < b ? -1 : 1)));
}

if (import.meta.main) {
  const lock = JSON.parse(readFileSync(LOCKFILE, 'utf8')) as { packages: Record<string, LockedPackage> };
  writeFileSync(LOCKFILE, `${JSON.stringify({ ...lock, packages: complete(lock.packages) }, null, 2)}\n`);
}
