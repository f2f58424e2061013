import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { encodePlan } from '#kernel/encode.ts';
import type { LaunchResult } from '#kernel/launcher.ts';
import type { Plan } from '#kernel/plan.ts';
import { explainFailure } from '#runtime/explain/failure.ts';
import { lowerContainer } from '#runtime/lower/container.ts';
import { withSockets } from '#runtime/lower/listen.ts';
import type { LaunchMode, Lowered, TerminalMode } from '#runtime/lower/context.ts';
import {
  claimDirectory,
  containerDirectory,
  dropDirectory,
  notifyDirectory,
  type ContainerDirectory,
} from '#runtime/state/container-directory.ts';
import { hostRoot } from '#runtime/state/host-root.ts';
import { writeState, type StoredState } from '#runtime/state/stored-state.ts';
import { answersOf } from '#runtime/stored/answers.ts';
import { withCleanUp } from '#runtime/stored/clean-up.ts';
import { readBundle, type Bundle } from './bundle.ts';
import { findIdMappers } from './id-mappers.ts';
import { kernelMounts } from './kernel-mounts.ts';
import { placeCgroup, placedPath } from './placing.ts';
import type { CreateOptions, Runtime } from './runtime.ts';

export interface Prepared {
  id: string;
  bundle: Bundle;
  directory: ContainerDirectory;
  lowered: Lowered;
  unit?: string;
  encoded: Uint8Array<ArrayBuffer>;
}

/** A bundle lowered, before anything is done about it. */
export interface Compiled {
  bundle: Bundle;
  directory: ContainerDirectory;
  lowered: Lowered;
  cgroupsPath: string;
  /** Where its control groups are to be was found out, and is not what the configuration alone says. */
  placed: boolean;
  /** The unit of systemd's that it is to be in. */
  unit?: string;
}

/** Reads the bundle and lowers it; changes nothing. */
export function compile(runtime: Runtime, options: CreateOptions, mode: LaunchMode, terminal: TerminalMode): Compiled {
  const { id, pidFile, pidfdSocket } = options;
  const directory = containerDirectory(runtime.stateRoot, id);
  const facts = runtime.facts();
  const bundle = readBundle(options.bundle, facts, options.config);
  const to = options.notifySocket;
  const notify = to === undefined ? undefined : { directory: notifyDirectory(directory), to };
  const cgroup = placeCgroup(runtime, bundle.spec, id, facts);
  const lowered = lowerContainer(withSockets(bundle.spec, options.listenFds), {
    id,
    facts,
    ...(cgroup === undefined ? {} : { cgroup }),
    mappers: findIdMappers(),
    root: { kind: 'directory', path: bundle.rootfs },
    bundle: bundle.path,
    mode,
    terminal,
    sources: notify === undefined ? bundle.sources : new Map([...bundle.sources, [notify.directory, 'directory']]),
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
    ...(options.noPivot === true ? { noPivot: { unmount: kernelMounts() } } : {}),
    ...(pidfdSocket === undefined ? {} : { pidfdSocket }),
    ...(notify === undefined ? {} : { notify }),
    cleanUp: true,
  });
  if (options.noPivot === true) lowered.warnings.push('--no-pivot: the host stays mounted below the root');
  const unit = cgroup?.scope?.unit;
  const path = placedPath(cgroup, bundle.spec, id);
  const placed = cgroup !== undefined;
  return { bundle, directory, lowered, placed, cgroupsPath: path, ...(unit === undefined ? {} : { unit }) };
}

/**
 * Everything up to the launcher: bundle, plan, and the container's directory with its record, so that whatever is
 * killed from here on leaves something that `delete` finds. The id is taken last; every fault before that changes
 * nothing.
 */
export function prepare(runtime: Runtime, options: CreateOptions, mode: LaunchMode, terminal: TerminalMode): Prepared {
  const { id } = options;
  if (runtime.stored?.ended !== undefined) return executed(runtime, options, mode, terminal);
  const compiled = compile(runtime, options, mode, terminal);
  const { bundle, directory, lowered, unit } = compiled;
  const encoded = encodePlan(lowered.plan);
  claimDirectory(runtime.stateRoot, directory, id);
  try {
    record(options, compiled);
    if (options.notifySocket !== undefined) mkdirSync(notifyDirectory(directory), { mode: 0o755 });
  } catch (error) {
    dropDirectory(directory);
    throw error;
  }
  for (const warning of lowered.warnings) runtime.warn(warning);
  return { id, bundle, directory, lowered, encoded, ...(unit === undefined ? {} : { unit }) };
}

/** What a stored plan was made from, to explain how it ended: the same steps in the same places. */
function executed(runtime: Runtime, options: CreateOptions, mode: LaunchMode, terminal: TerminalMode): Prepared {
  const { id, pidFile = '' } = options;
  const { config } = containerDirectory(runtime.stateRoot, id);
  // A run that got so far as to clean up has none left.
  const kept = existsSync(config) ? { config } : {};
  const { bundle, directory, lowered } = compile(runtime, { ...options, ...kept, pidFile }, mode, terminal);
  const plan = mode === 'run' ? withCleanUp(lowered.plan, directory) : lowered.plan;
  return { id, bundle, directory, lowered: { ...lowered, plan }, encoded: new Uint8Array() };
}

export function record(options: CreateOptions, compiled: Compiled): void {
  const { directory, bundle } = compiled;
  const state = stateOf(options, compiled);
  writeState(directory, state);
  writeFileSync(directory.config, bundle.text, { mode: 0o600 });
  const answers = answersOf(bundle.spec, state, options.notifySocket !== undefined);
  if (answers !== undefined) writeFileSync(directory.answers, answers, { mode: 0o600 });
}

/** What is remembered of a container that is about to be made. */
export function stateOf(options: CreateOptions, { bundle, lowered, cgroupsPath, unit }: Compiled): StoredState {
  const { id } = options;
  const { spec, rootfs } = bundle;
  return {
    ociVersion: spec.ociVersion,
    id,
    bundle: bundle.path,
    rootfs,
    created: new Date().toISOString(),
    owner: ownerName(),
    cgroups: lowered.cgroups,
    cgroupsPath,
    ...(unit === undefined ? {} : { unit }),
    ...(options.noNewKeyring ? {} : { keyring: `_ses.${id}` }),
    ...(isOnHost(bundle) ? { hostRoot: hostRoot(rootfs) } : {}),
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
  };
}

/** Its mounts are those of the host, and so have to be taken off. */
function isOnHost({ spec, hostNamespaces }: Bundle): boolean {
  return hostNamespaces.has('mount') || spec.linux?.namespaces?.some(({ type }) => type === 'mount') !== true;
}

/** The user by name for root, by number for anyone else. */
function ownerName(): string {
  const uid = process.geteuid?.() ?? 0;
  return uid === 0 ? 'root' : `#${uid}`;
}

/** Throws the fault that a launch ended with, if it did; warnings are passed on. */
export function checkLaunch(runtime: Pick<Runtime, 'warn'>, plan: Plan, result: LaunchResult): void {
  for (const record_ of result.records) {
    if (record_.kind === 'warn') runtime.warn(explainFailure(record_, plan).message);
  }
  const failure = result.records.find((record_) => record_.kind === 'fail');
  if (failure !== undefined) throw explainFailure(failure, plan);
}
