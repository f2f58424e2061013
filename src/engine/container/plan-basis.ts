/**
 * The plan of a container's last start, for the next one: kept beside it is all that it was made from, and where that is
 * still so, nothing is lowered again. Only for containers that ask for nothing outside of their record and their image.
 */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RootMount } from '#kernel/root-mount.ts';
import type { Engine } from '#engine/engine.ts';
import { DEFAULT_OPTIONS, type ContainerOptions } from './options.ts';
import type { ContainerRecord } from './record.ts';

/** Options that say all by themselves. Whatever is not named here must be as it is by default. */
const PLAIN: ReadonlySet<string> = new Set<keyof ContainerOptions>([
  'command',
  'entrypoint',
  'env',
  'labels',
  // The monitor's, not the plan's.
  'log',
  'user',
  'workdir',
  'hostname',
  'tty',
  'interactive',
  'stdinOnce',
  'init',
  'readOnly',
  'capAdd',
  'capDrop',
  'autoRemove',
  'stopTimeout',
  'stopSignal',
  'createdBy',
]);

function isPlain(options: ContainerOptions): boolean {
  const usual = DEFAULT_OPTIONS as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(options).every(
    ([name, value]) => PLAIN.has(name) || value === undefined || JSON.stringify(value) === JSON.stringify(usual[name]),
  );
}

const fileOf = (directory: string): string => join(directory, 'plan.for');

/** All that the plan of a plain container is made from; undefined for any other, whose plan is made for each start. */
export function planBasis(engine: Engine, record: ContainerRecord, root: RootMount): string | undefined {
  const facts = engine.facts();
  if (facts.uid !== 0 || facts.inUserNamespace || !isPlain(record.options)) return undefined;
  const { ino, mtimeMs, size } = statSync(engine.self[0] ?? '');
  return JSON.stringify([
    [ino, mtimeMs, size],
    // What the kernel can do stays so until the next one is started.
    readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim(),
    [String(facts.bounding), String(facts.effective), facts.gid, facts.hardLimits, facts.cgroup],
    [engine.root, engine.runDirectory, root],
    [record.id, record.imageId, record.options],
  ]);
}

/** Also which file the plan is: another one that was written in its place is not meant. */
function withFile(directory: string, basis: string): string {
  const { ino, mtimeMs, size } = statSync(join(directory, 'plan'));
  return `${basis}\n${ino} ${mtimeMs} ${size}\n`;
}

/** Whether the plan and the configuration that are there were made from the same. */
export function isStored(directory: string, basis: string | undefined): boolean {
  if (basis === undefined) return false;
  try {
    return readFileSync(fileOf(directory), 'utf8') === withFile(directory, basis);
  } catch {
    return false;
  }
}

/** Before the files are written anew: who dies half-way leaves nothing that is believed. */
export const forgetPlan = (directory: string): void => rmSync(fileOf(directory), { force: true });

export function rememberPlan(directory: string, basis: string | undefined): void {
  if (basis !== undefined) writeFileSync(fileOf(directory), withFile(directory, basis), { mode: 0o600 });
}
