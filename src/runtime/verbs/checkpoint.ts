import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import { startTime } from '#base/process-identity.ts';
import { spawnProgram, type Stdio } from '#kernel/spawn.ts';
import { DESCRIPTORS_FILE, outsideDescriptors } from '#runtime/criu/descriptors.ts';
import { dumpArguments, DUMP_LOG, type DumpOptions, type DumpSubject } from '#runtime/criu/dump.ts';
import { parseMounts } from '#runtime/criu/external.ts';
import { criuFault, findCriu } from '#runtime/criu/program.ts';
import type { NamespaceType, Spec } from '#runtime/spec/spec.ts';
import { readStoredSpec } from '#runtime/state/stored-state.ts';
import { runningContainer, type Running } from './running.ts';
import type { Runtime } from './runtime.ts';

export interface CheckpointOptions extends DumpOptions {
  id: string;
  /** The variable PATH, that criu is found by and finds its own programs by. */
  path: string | undefined;
}

const ROUNDS = 200;
const ROUND_MS = 10;

/**
 * Has criu write the container's processes to images. It ends with that, and is `stopped`, unless it is to run on. What
 * fails leaves it running.
 */
export async function checkpointContainer(runtime: Runtime, options: CheckpointOptions): Promise<void> {
  const { id, images, work, path } = options;
  const running = runningContainer(runtime, id);
  if (existsSync(running.directory.go)) {
    throw new Fault('conflict', 'cannot checkpoint a container that was not started yet', { facts: { id } });
  }
  const program = findCriu(path);
  const subject = subjectOf(readStoredSpec(running.directory, id), running);
  const args = dumpArguments(subject, options);
  for (const directory of [images, work]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(images, DESCRIPTORS_FILE), JSON.stringify(subject.descriptors), { mode: 0o600 });
  const { code } = await spawnProgram({
    command: [program, ...args],
    stdio: descriptorsFor(options.statusFd),
    env: path === undefined ? {} : { PATH: path },
  }).ended;
  if (code !== 0) throw criuFault(`checkpoint container ${id}`, join(work, DUMP_LOG));
  if (options.leaveRunning !== true && options.preDump !== true) await ended(running);
}

/** Killed it is by now; its parent may take a moment to notice. */
async function ended({ init }: Running): Promise<void> {
  for (let round = 0; round < ROUNDS && startTime(init.pid) === init.startTime; round++) await sleep(ROUND_MS);
}

function descriptorsFor(statusFd: number | undefined): Stdio[] {
  const own: Stdio[] = ['ignore', 'inherit', 'inherit'];
  if (statusFd === undefined) return own;
  while (own.length < statusFd) own.push('ignore');
  own[statusFd] = statusFd;
  return own;
}

function subjectOf(spec: Spec, { stored, init }: Running): DumpSubject {
  const mounts = parseMounts(readFileSync(`/proc/${init.pid}/mountinfo`, 'utf8'));
  const net = joinedNumber(spec, 'network', `/proc/${init.pid}/ns/net`);
  const pid = joinedNumber(spec, 'pid', `/proc/${init.pid}/ns/pid`);
  return {
    spec,
    pid: init.pid,
    rootfs: stored.rootfs,
    mounts,
    descriptors: outsideDescriptors(init.pid, mounts),
    freezer: stored.cgroups.find((group) => FREEZERS.some((file) => existsSync(join(group, file)))),
    joined: { ...(net === undefined ? {} : { net }), ...(pid === undefined ? {} : { pid }) },
  };
}

const FREEZERS = ['cgroup.freeze', 'freezer.state'];

function joinedNumber({ linux }: Spec, type: NamespaceType, file: string): number | undefined {
  const isJoined = linux?.namespaces?.some((entry) => entry.type === type && entry.path);
  return isJoined === true ? statSync(file).ino : undefined;
}
