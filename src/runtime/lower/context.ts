import type { HostFacts } from '#kernel/host-facts.ts';
import type { Plan, Step } from '#kernel/plan.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import type { CgroupPlace } from '#runtime/cgroup/place.ts';
import type { IdMappers } from './id-map.ts';
import type { Notify } from './notify.ts';
import type { IdMapping, NamespaceType } from '#runtime/spec/spec.ts';

/**
 * How the first program goes on once the container is set up. `hold`: init stops at the `go` fifo until start, the
 * first program ends. `run`: the first program supervises init and ends with its status. `detached`: the first
 * program ends as soon as init is released.
 */
export type LaunchMode = 'hold' | 'run' | 'detached';

/** What is done with the master of the container's terminal, when there is one. */
export type TerminalMode =
  | { kind: 'none' }
  /** Handed to the first program, which relays it (`run` only). */
  | { kind: 'relay' }
  /** Sent over the unix socket at `path`. */
  | { kind: 'socket'; path: string }
  /** Sent over the plan's inherited slot `console`. */
  | { kind: 'inherited' };

export interface LowerContext {
  id: string;
  facts: HostFacts;
  root: RootMount;
  /** Where an overlay root is mounted inside the private mount namespace: an empty directory. */
  rootPoint?: string;
  /** The ids of a user namespace that is joined, for an overlay root. */
  rootIds?: IdMaps;
  /** The bundle; relative bind sources are found below it. */
  bundle?: string;
  mode: LaunchMode;
  terminal: TerminalMode;
  paths?: LowerPaths;
  /** Where the control groups are to be, when the configuration alone does not say. */
  cgroup?: CgroupPlace;
  /** What maps more ids than one's own. */
  mappers?: IdMappers;
  /** Kind of every bind source by the path that `bindSources` names; a missing one is a fault. */
  sources?: ReadonlyMap<string, SourceKind>;
  places?: MountPlaces;
  /** What the symlinks among `linkSources` say. */
  links?: ReadonlyMap<string, string>;
  /** Namespaces joined by path that are the host's own: settings kept in them would reach the host. */
  hostNamespaces?: ReadonlySet<NamespaceType>;
  /** Puts the container's network namespace, that of the process in the slot given, into networks. */
  attach?: (target: string) => Step[];
  /** An init process between PID 1 and the program. */
  init?: boolean;
  /** `linux.seccomp` compiled, when the caller has it. */
  seccompProgram?: Uint8Array;
  noNewKeyring?: boolean;
  /** So many descriptors, inherited before any other slot, stay open in the program as 3 and up. */
  preserveFds?: number;
  /** Change the root without a pivot; these mounts of procfs and sysfs are taken off first. */
  noPivot?: { unmount: readonly string[] };
  /** Set up for the container; `run` also waits for its word. */
  notify?: Notify;
  /** Unix socket that gets the pidfd of the program. */
  pidfdSocket?: string;
  /** What connects a network namespace of its own. */
  network?: NetworkHelper;
  /** After the end of `run`, also remove the cgroups. */
  cleanUp?: boolean;
}

/** A program beside the container that is its way into the network, such as pasta. It stays when its first process has ended. */
export interface NetworkHelper {
  path: string;
  argv: readonly string[];
  env: readonly string[];
  /** An empty file, by whose path the program finds the container's network namespace. */
  file: string;
}

export interface IdMaps {
  uids: readonly IdMapping[];
  gids: readonly IdMapping[];
}

export interface Stack {
  base: string;
  /** Relative to the base; top first. */
  layers: readonly string[];
  /** What of it is mounted. */
  path?: string;
  kind: SourceKind;
}

/** What an engine asks for beyond the specification. */
export interface MountPlaces {
  /** Bind sources that are looked up below a directory, out of which no link leads. */
  within: ReadonlyMap<string, { base: string; path: string }>;
  /** Destinations of file systems that are mounted by the first program: where the host's network is. */
  outside: ReadonlySet<string>;
  /** Bind destinations whose sources are looked up in another mount namespace, by its path. */
  elsewhere?: ReadonlyMap<string, string>;
  /** Destinations of stacks of directories that are seen as one, read-only. */
  stacks?: ReadonlyMap<string, Stack>;
}

/** Slot of the container's first process, in the first program. */
export const INIT_PIDFD = 'init';

export type SourceKind = 'directory' | 'file';

/** Files that the launcher writes or reads, all absolute. */
export interface LowerPaths {
  /** The user's --pid-file. */
  pidFile?: string;
  /** Our own "PID STARTTIME". */
  state?: string;
  go?: string;
  report?: string;
}

/** A plan, and what could not be done as asked, one sentence each. */
export interface Lowered {
  plan: Plan;
  warnings: string[];
  /** Directories of the container's control groups, for records and for cleaning up. */
  cgroups: string[];
}

/** Names of the inherited slots: what is preserved comes first, in order. */
export function inheritedSlots(preserveFds: number, console: boolean): { inherited?: string[] } {
  const names: string[] = [];
  for (let index = 0; index < preserveFds; index++) names.push(`preserved.${index}`);
  if (console) names.push('console');
  return names.length === 0 ? {} : { inherited: names };
}

/** Gives the steps that were made for a section, and for nothing else, their origin. */
export function from(origin: string, steps: Step[]): Step[] {
  for (const step of steps) step.origin = origin;
  return steps;
}
