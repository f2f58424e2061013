import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, isFault } from '#base/fault.ts';
import { encodePlan } from '#kernel/encode.ts';
import type { Launch, LaunchResult } from '#kernel/launcher.ts';
import { cgroupDirectories, cgroupPathOf } from '#runtime/cgroup/layout.ts';
import { DESCRIPTORS_FILE } from '#runtime/criu/descriptors.ts';
import { criuFault, findCriu } from '#runtime/criu/program.ts';
import { restoreArguments, RESTORE_LOG, type RestoreOptions } from '#runtime/criu/restore.ts';
import { lowerRestore } from '#runtime/lower/restore.ts';
import { list, text } from '#runtime/spec/check.ts';
import type { NamespaceType, Spec } from '#runtime/spec/spec.ts';
import { claimDirectory, containerDirectory, dropDirectory } from '#runtime/state/container-directory.ts';
import { observe } from '#runtime/state/status.ts';
import { readBundle } from './bundle.ts';
import { takeBack } from './create.ts';
import { deleteContainer } from './delete.ts';
import { discard } from './discard.ts';
import { checkLaunch, record, type Prepared } from './prepare.ts';
import type { Runtime } from './runtime.ts';

export interface RestoreContainerOptions extends RestoreOptions {
  id: string;
  bundle: string;
  /** The variable PATH. */
  path: string | undefined;
  detach?: boolean;
  pidFile?: string;
  watch?: (launch: Launch) => () => void;
}

/** criu's first descriptors that are no standard ones: the channel, then namespaces. */
const FIRST_NAMESPACE = 4;

/**
 * Makes a container anew from images that a checkpoint wrote; one of the same id that has stopped is replaced. Resolves
 * to the exit status (0 when detached).
 */
export async function restoreContainer(runtime: Runtime, options: RestoreContainerOptions): Promise<number> {
  const { id } = options;
  const { prepared, inherited } = await prepareRestore(runtime, options);
  for (const warning of prepared.lowered.warnings) runtime.warn(warning);
  const fds = inherited.map(() => openSync('/dev/null', 'r'));
  let result: LaunchResult;
  try {
    const launch = (await runtime.launcher()).launch({ plan: prepared.encoded, inherited: fds });
    const unwatch = options.watch?.(launch) ?? (() => {});
    result = await launch.result.finally(unwatch);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
  refuseKilled(result, id);
  try {
    checkLaunch(runtime, prepared.lowered.plan, result);
  } catch (error) {
    await takeBack(runtime, prepared, error);
    const isCrius = isFault(error) && error.facts['op'] === 'pidfdOf';
    throw isCrius ? criuFault(`restore container ${id}`, join(options.work, RESTORE_LOG)) : error;
  }
  if (options.detach !== true) await discard(runtime, prepared, prepared.lowered.cgroups);
  return result.code ?? 0;
}

/** Nobody knows what it had made, and criu's processes do not end with it: the record of them stays. */
function refuseKilled({ signal }: LaunchResult, id: string): void {
  if (signal === null) return;
  throw new Fault('internal', `restore container ${id}: the launcher ended with ${signal}`, {
    hint: `Remove what there is of it with 'delete --force ${id}'.`,
    facts: { id },
  });
}

async function prepareRestore(
  runtime: Runtime,
  options: RestoreContainerOptions,
): Promise<{ prepared: Prepared; inherited: readonly string[] }> {
  const { id, images, work, path } = options;
  const directory = containerDirectory(runtime.stateRoot, id);
  const program = findCriu(path);
  const facts = runtime.facts();
  const bundle = readBundle(options.bundle, facts);
  const { spec } = bundle;
  refuseSystemd(runtime);
  const cgroupsPath = cgroupPathOf(spec.linux?.cgroupsPath, id);
  const rootPoint = join(directory.path, 'root');
  const criuPid = join(directory.path, 'criu.pid');
  const joined = (['network', 'pid'] as const).flatMap((type) => pathOf(spec, type));
  const args = restoreArguments(
    {
      spec,
      bundle: bundle.path,
      root: rootPoint,
      pidFile: criuPid,
      groups: cgroupDirectories(facts.cgroup, cgroupsPath),
      descriptors: readDescriptors(images),
      joined: Object.fromEntries(joined.map(({ word }, index) => [word, FIRST_NAMESPACE + index])),
    },
    options,
  );
  const namespaces = joined.map((one) => one.path);
  const lowered = lowerRestore(spec, {
    id,
    facts,
    rootfs: bundle.rootfs,
    rootPoint,
    program,
    args,
    criuPid,
    namespaces,
    path: path ?? '',
    state: directory.pid,
    stays: options.detach !== true,
    ...(options.pidFile === undefined ? {} : { pidFile: options.pidFile }),
  });
  const prepared = { id, bundle, directory, lowered, encoded: encodePlan(lowered.plan) };
  if (observe(directory).status === 'stopped') await deleteContainer(runtime, id, false);
  claimDirectory(runtime.stateRoot, directory, id);
  try {
    const compiled = { bundle, directory, lowered, cgroupsPath, placed: false };
    record({ id, bundle: bundle.path, noNewKeyring: false }, compiled);
    for (const needed of [rootPoint, work]) mkdirSync(needed, { recursive: true, mode: 0o700 });
  } catch (error) {
    dropDirectory(directory);
    throw error;
  }
  return { prepared, inherited: lowered.plan.inherited ?? [] };
}

/** criu makes the groups anew, and knows of no manager that others are to be asked for. */
function refuseSystemd({ systemd }: Runtime): void {
  if (systemd !== true) return;
  throw new Fault('unsupported', 'restore: control groups of systemd cannot be restored', {
    field: '--systemd-cgroup',
    hint: 'Restore it with a cgroupsPath such as /group/name, and without --systemd-cgroup',
  });
}

/** criu's word for the kind, and where the namespace is, of one that is joined by path. */
function pathOf({ linux }: Spec, type: NamespaceType): { word: 'net' | 'pid'; path: string }[] {
  const path = linux?.namespaces?.find((entry) => entry.type === type)?.path;
  return path ? [{ word: type === 'network' ? 'net' : 'pid', path }] : [];
}

function readDescriptors(images: string): string[] {
  const file = join(images, DESCRIPTORS_FILE);
  try {
    const names: unknown = JSON.parse(readFileSync(file, 'utf8'));
    list(text)(names, DESCRIPTORS_FILE);
    return names as string[];
  } catch (error) {
    throw new Fault('notFound', `read ${file}`, {
      cause: error,
      field: '--image-path',
      hint: 'Name the directory that checkpoint wrote.',
    });
  }
}
