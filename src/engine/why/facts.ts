import type { ContainerOptions } from '#engine/container/options.ts';
import type { FailureNote } from '#engine/container/failure-note.ts';
import type { ExitFigures, ExitStatus } from '#engine/monitor/exit-file.ts';
import type { SeccompProfile } from '#runtime/spec/spec.ts';

/** All that is known of a container's last run when it is asked why it is as it is. */
export interface WhyFacts {
  /** Milliseconds since 1970, as all times here. */
  now: number;
  id: string;
  name: string;
  image: string;
  /** Program and arguments. */
  args: readonly string[];
  options: ContainerOptions;
  status: 'created' | 'restarting' | 'running' | 'paused' | 'exited' | 'dead';
  /** When the running one was started. */
  startedAt?: number;
  exit?: ExitStatus;
  /** What the control groups counted in the last run, or in this one so far. */
  figures: ExitFigures;
  /** The last start that failed, perhaps long ago. */
  failure?: FailureNote;
  confinement?: Confinement;
  /** What was done to it since the last run began. */
  events: readonly PastEvent[];
  /** Runs before the last one, the latest first. */
  history: readonly PastRun[];
  /** Undefined when the kernel's messages may not be read. */
  kernel: KernelNotes | undefined;
  bootedAt: number;
  /** Bytes of the file system that the root lies on. */
  disk: { free: number; size: number };
  /** The file that could not be executed. */
  program?: ProgramFile;
  /** The last lines of the log. */
  log: readonly string[];
  /** The last health checks, the latest last; when somebody keeps them. */
  health: readonly HealthCheck[];
}

/** What its specification holds it to. */
export interface Confinement {
  seccomp?: SeccompProfile;
  /** Names of those that it may have. */
  capabilities: readonly string[];
  uid: number;
  mounts: readonly { destination: string; options: readonly string[] }[];
  readOnlyRoot: boolean;
}

export interface PastEvent {
  time: number;
  action: string;
  attributes: Readonly<Record<string, string>>;
}

export interface PastRun {
  started?: number;
  finished: number;
  code: number;
  oom: boolean;
}

/** What of the kernel's messages is about the container. */
export interface KernelNotes {
  /** Killed for want of memory; `everywhere` when the whole machine had none left. */
  oom: readonly { pid: number; process: string; bytes?: number; everywhere: boolean }[];
  /** Killed by a filter; `own` when it was the first process. */
  denied: readonly { process: string; call: string; own: boolean }[];
  /** Faults of its first process, in the kernel's words. */
  faults: readonly string[];
}

export interface ProgramFile {
  path: string;
  kind: 'file' | 'directory' | 'other';
  /** Permission bits. */
  mode: number;
}

export interface HealthCheck {
  time: number;
  code: number;
  output: string;
}
