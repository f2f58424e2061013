import type { ConfinementWish } from './confinement.ts';
import type { ResourceWish } from './resources.ts';

/**
 * What a container was asked to be, in the engine's own words, with nothing taken from the image yet. Kept with the
 * container, so that every start lowers the same wish.
 */
export interface ContainerOptions extends ResourceWish, ConfinementWish {
  /** Replaces the image's Cmd when not empty. */
  command: readonly string[];
  /** Replaces the image's Entrypoint; an empty list clears it. */
  entrypoint?: readonly string[];
  /** `NAME=value` each; later ones win over the image's. */
  env: readonly string[];
  labels: Readonly<Record<string, string>>;
  user?: string;
  workdir?: string;
  hostname?: string;
  binds: readonly BindMount[];
  tty: boolean;
  /** Keep standard input open. */
  interactive: boolean;
  /** The end of one client's input is the end of all of it; false where several may come and go. */
  stdinOnce?: boolean;
  /** Run the built-in init as PID 1. */
  init: boolean;
  network: 'none' | 'host';
  readOnly: boolean;
  capAdd: readonly string[];
  capDrop: readonly string[];
  privileged: boolean;
  autoRemove: boolean;
  /** Seconds that `stop` waits before it kills. */
  stopTimeout?: number;
  stopSignal?: string;
}

export interface BindMount {
  source: string;
  destination: string;
  readOnly: boolean;
  /** Mount only the source itself, not what is mounted below it. */
  flat?: boolean;
  /** Never make a missing source. */
  mustExist?: boolean;
  /** Any further mount options, such as `rprivate`, `noexec`. */
  options: readonly string[];
}

export const DEFAULT_OPTIONS: ContainerOptions = {
  command: [],
  env: [],
  labels: {},
  binds: [],
  tty: false,
  interactive: false,
  init: false,
  network: 'none',
  readOnly: false,
  capAdd: [],
  capDrop: [],
  privileged: false,
  autoRemove: false,
};
