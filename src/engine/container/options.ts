import type { RestartPolicy } from './restart-policy.ts';
import type { SdnotifyMode } from './sdnotify.ts';
import type { ConfinementWish } from './confinement.ts';
import type { NetworkWishes } from '#engine/network/wishes.ts';
import type { HealthAction, HealthCheck } from './health-check.ts';
import type { LogWish } from '#engine/log/drivers.ts';
import type { ResourceWish } from './resources.ts';

/**
 * What a container was asked to be, in the engine's own words, with nothing taken from the image yet. Kept with the
 * container, so that every start lowers the same wish.
 */
export interface ContainerOptions extends ResourceWish, ConfinementWish, NetworkWishes {
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
  /** Named, or not: then each is given a name when the container is made, as are those that its image asks for. */
  volumes?: readonly VolumeMount[];
  /** Images that are mounted, read-only. */
  images?: readonly ImageMount[];
  /** Containers whose binds and volumes it has as well. */
  volumesFrom?: readonly { container: string; readOnly?: boolean }[];
  /** How it logs; decided when it is made, so what was not asked for has its value, too. */
  log?: LogWish;
  /** Streams that `run` attaches; all where it is left out, none for a background one. */
  attach?: readonly ('stdin' | 'stdout' | 'stderr')[];
  tty: boolean;
  /** Keep standard input open. */
  interactive: boolean;
  /** The end of one client's input is the end of all of it; false where several may come and go. */
  stdinOnce?: boolean;
  /** Run the built-in init as PID 1. */
  init: boolean;
  /** Further arguments of pasta. */
  pasta?: readonly string[];
  readOnly: boolean;
  capAdd: readonly string[];
  capDrop: readonly string[];
  privileged: boolean;
  autoRemove: boolean;
  /** What it was made by: flags of `create`, image and command. */
  createdBy?: readonly string[];
  /** Where it is a service of systemd's; `container` when left out. */
  sdnotify?: SdnotifyMode;
  /** When its monitor starts it anew; never when left out. */
  restart?: RestartPolicy;
  /** Seconds that `stop` waits before it kills. */
  stopTimeout?: number;
  stopSignal?: string;
  /** Merged with the image's when the container is made. */
  health?: HealthCheck;
  /** What is done when it has become unhealthy; nothing when left out. */
  healthAction?: HealthAction;
  /** The first program is systemd; left out: when its name says so. Settled when the container is made. */
  systemd?: 'always' | 'never';
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

export interface VolumeMount {
  name?: string;
  /** Nobody chose the name. */
  anonymous?: boolean;
  destination: string;
  readOnly: boolean;
  /** Leave an empty volume empty, whatever the image has there. */
  noCopy?: boolean;
  /** What of the volume is mounted; links on the way do not lead out of it. */
  subpath?: string;
  /** For a volume that is made with the container. */
  driver?: string;
  driverOptions?: Readonly<Record<string, string>>;
  labels?: Readonly<Record<string, string>>;
  options: readonly string[];
}

export interface ImageMount {
  /** As it was asked for. */
  name: string;
  /** The image that was meant when the container was made. */
  id?: string;
  destination: string;
  subpath?: string;
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
