import { writeFileSync } from 'node:fs';
import { encodePlan } from '#kernel/encode.ts';
import type { LaunchResult } from '#kernel/launcher.ts';
import type { Plan } from '#kernel/plan.ts';
import { cgroupPathOf } from '#runtime/cgroup/layout.ts';
import { removeCgroups } from '#runtime/cgroup/remove.ts';
import { explainFailure } from '#runtime/explain/failure.ts';
import { lowerContainer } from '#runtime/lower/container.ts';
import type { LaunchMode, Lowered, TerminalMode } from '#runtime/lower/context.ts';
import {
  claimDirectory,
  containerDirectory,
  dropDirectory,
  type ContainerDirectory,
} from '#runtime/state/container-directory.ts';
import { writeState } from '#runtime/state/stored-state.ts';
import { readBundle, type Bundle } from './bundle.ts';
import type { CreateOptions, Runtime } from './runtime.ts';

export interface Prepared {
  bundle: Bundle;
  directory: ContainerDirectory;
  lowered: Lowered;
  encoded: Uint8Array<ArrayBuffer>;
}

/**
 * Everything up to the launcher: bundle, plan, and the container's directory with its record, so that whatever is
 * killed from here on leaves something that `delete` finds. The id is taken last; every fault before that changes
 * nothing.
 */
export function prepare(runtime: Runtime, options: CreateOptions, mode: LaunchMode, terminal: TerminalMode): Prepared {
  const { id, bundle: path, pidFile } = options;
  const directory = containerDirectory(runtime.stateRoot, id);
  const bundle = readBundle(path);
  const lowered = lowerContainer(bundle.spec, {
    id,
    facts: runtime.facts(),
    root: { kind: 'directory', path: bundle.rootfs },
    bundle: path,
    mode,
    terminal,
    sources: bundle.sources,
    links: bundle.links,
    hostNamespaces: bundle.hostNamespaces,
    paths: {
      state: directory.pid,
      go: directory.go,
      report: directory.report,
      ...(pidFile === undefined ? {} : { pidFile }),
    },
    noNewKeyring: options.noNewKeyring ?? false,
    preserveFds: options.preserveFds ?? 0,
    cleanUp: true,
  });
  const encoded = encodePlan(lowered.plan);
  claimDirectory(runtime.stateRoot, directory, id);
  try {
    record(directory, options, bundle, lowered);
  } catch (error) {
    dropDirectory(directory);
    throw error;
  }
  for (const warning of lowered.warnings) runtime.warn(warning);
  return { bundle, directory, lowered, encoded };
}

function record(directory: ContainerDirectory, options: CreateOptions, bundle: Bundle, lowered: Lowered): void {
  const { id } = options;
  const { spec, rootfs } = bundle;
  writeState(directory, {
    ociVersion: spec.ociVersion,
    id,
    bundle: bundle.path,
    rootfs,
    created: new Date().toISOString(),
    owner: ownerName(),
    cgroups: lowered.cgroups,
    cgroupsPath: cgroupPathOf(spec.linux?.cgroupsPath, id),
    ...(options.noNewKeyring ? {} : { keyring: `_ses.${id}` }),
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
  });
  writeFileSync(directory.config, bundle.text, { mode: 0o600 });
}

/** The user by name for root, by number for anyone else. */
function ownerName(): string {
  const uid = process.geteuid?.() ?? 0;
  return uid === 0 ? 'root' : `#${uid}`;
}

/** Throws the fault that a launch ended with, if it did; warnings are passed on. */
export function checkLaunch(runtime: Runtime, plan: Plan, result: LaunchResult): void {
  for (const record_ of result.records) {
    if (record_.kind === 'warn') runtime.warn(explainFailure(record_, plan).message);
  }
  const failure = result.records.find((record_) => record_.kind === 'fail');
  if (failure !== undefined) throw explainFailure(failure, plan);
}

/** Takes back what a launch left: its directory, and these control groups, with what is in them. */
export async function discard(prepared: Prepared, cgroups: readonly string[]): Promise<void> {
  await removeCgroups(cgroups.map((path) => ({ path })));
  dropDirectory(prepared.directory);
}
