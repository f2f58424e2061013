import { settledHealth } from '#engine/container/health-check.ts';
import { readHealthResults } from '#engine/monitor/health-file.ts';
import { readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { readKernelLog } from '#kernel/kernel-log.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import { containerCgroups, isHeld } from '#engine/container/cgroups.ts';
import { findInside } from '#engine/container/copy/inside.ts';
import { withContainerRoot } from '#engine/container/copy/root.ts';
import type { FailureNote } from '#engine/container/failure-note.ts';
import { argsOf, stateOf } from '#engine/container/list.ts';
import { readLogs } from '#engine/log/read.ts';
import { containerDirectory, type ContainerRecord } from '#engine/container/record.ts';
import { readInit, type ContainerState } from '#engine/container/state.ts';
import type { Engine } from '#engine/engine.ts';
import { isLatest } from './causes/start.ts';
import type { Confinement, KernelNotes, ProgramFile, WhyFacts } from './facts.ts';
import { kernelNotes } from './kernel-notes.ts';
import { lastFailure } from './launch-failure.ts';
import { liveFigures } from './live-figures.ts';
import { pastOf } from './past.ts';

const LOG_LINES = 10;

/** Looks everywhere where something may be known of the last run of a container. Changes nothing. */
export async function gatherFacts(engine: Engine, record: ContainerRecord): Promise<WhyFacts> {
  const directory = containerDirectory(engine.root, record.id);
  const state = stateOf(engine, record);
  const held = state.status === 'running' && isHeld(engine, record);
  const { bavail, bsize, blocks } = statfsSync(engine.root);
  const failure = await lastFailure(engine, record, state);
  const confinement = confinementOf(directory);
  const bootedAt = bootTime();
  const facts: WhyFacts = {
    now: Date.now(),
    id: record.id,
    name: record.name,
    image: record.imageName,
    args: argsOf(engine, record),
    options: record.options,
    status: held ? 'paused' : state.status,
    ...(state.startedAt === undefined ? {} : { startedAt: state.startedAt }),
    ...(state.exit === undefined ? {} : { exit: state.exit }),
    figures: state.status === 'running' ? liveFigures(containerCgroups(engine, record)) : (state.exit?.figures ?? {}),
    ...(failure === undefined ? {} : { failure }),
    ...(confinement === undefined ? {} : { confinement }),
    ...pastOf(engine.database, record.id, state),
    kernel: kernelOf(engine, record, state, bootedAt),
    bootedAt,
    disk: { free: bavail * bsize, size: blocks * bsize },
    log: await lastLines(engine, record),
    health: readHealthResults(directory, settledHealth(record.options.health ?? {}).timeout).map(
      ({ end, code, output }) => ({ time: end, code, output }),
    ),
  };
  const program = failure === undefined || !isLatest(facts) ? undefined : await programOf(engine, record, failure);
  return program === undefined ? facts : { ...facts, program };
}

/** What the last start was held to, by its specification; undefined before the first. */
function confinementOf(directory: string): Confinement | undefined {
  let spec: Spec;
  try {
    spec = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as Spec;
  } catch {
    return undefined;
  }
  const seccomp = spec.linux?.seccomp;
  return {
    ...(seccomp === undefined ? {} : { seccomp }),
    capabilities: spec.process?.capabilities?.bounding ?? [],
    uid: spec.process?.user?.uid ?? 0,
    mounts: (spec.mounts ?? []).map(({ destination, options }) => ({ destination, options: options ?? [] })),
    readOnlyRoot: spec.root?.readonly === true,
  };
}

/** Milliseconds since 1970. */
function bootTime(): number {
  const seconds = /^\S+/.exec(readFileSync('/proc/uptime', 'latin1'))?.[0];
  return Date.now() - Number(seconds ?? 0) * 1000;
}

/** Most ends have nothing to do with the kernel, and its messages are long. */
const TELLING_SIGNALS: ReadonlySet<number> = new Set([4, 5, 7, 8, 9, 11, 31]);

function kernelOf(
  engine: Engine,
  { id }: ContainerRecord,
  { exit }: ContainerState,
  bootedAt: number,
): KernelNotes | undefined {
  if (exit === undefined || exit.code === 0 || !(exit.oom || TELLING_SIGNALS.has(exit.code - 128))) {
    return { oom: [], denied: [], faults: [] };
  }
  const lines = readKernelLog();
  if (lines === undefined) return undefined;
  return kernelNotes(lines, {
    id,
    init: readInit(containerDirectory(engine.root, id))?.pid,
    from: exit.started - bootedAt,
    to: exit.finished - bootedAt,
    arch: engine.facts().arch,
  });
}

async function lastLines(engine: Engine, record: ContainerRecord): Promise<string[]> {
  const parts: Buffer[] = [];
  try {
    await readLogs(
      engine,
      record,
      { follow: false, tail: LOG_LINES },
      {
        record: (bytes, start, end) => parts.push(Buffer.from(bytes.subarray(start, end))),
        pause: () => undefined,
        lost: () => undefined,
      },
    );
  } catch {
    return []; // A log that cannot be read explains nothing.
  }
  const lines = Buffer.concat(parts).toString('utf8').split(/\r?\n/);
  return lines.filter((line) => line.trim() !== '').slice(-LOG_LINES);
}

/** The file that was refused, found in the container's root with all its mounts. */
async function programOf(
  engine: Engine,
  record: ContainerRecord,
  { facts }: FailureNote,
): Promise<ProgramFile | undefined> {
  const path = facts['path'];
  if (facts['errno'] !== 'EACCES' || typeof path !== 'string' || !path.startsWith('/')) return undefined;
  try {
    return await withContainerRoot(engine, record, (root) => {
      const found = findInside(root, Buffer.from(path).toString('latin1'), true);
      found.close();
      const { stat } = found;
      if (stat === undefined) return Promise.resolve(undefined);
      const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other';
      return Promise.resolve({ path, kind, mode: stat.mode & 0o7777 });
    });
  } catch {
    return undefined; // It may be gone, or in use: there is less to say then.
  }
}
