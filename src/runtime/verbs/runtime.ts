import type { HostFacts } from '#kernel/host-facts.ts';
import type { BusAddress } from '#runtime/systemd/bus.ts';
import type { Launcher } from '#kernel/launcher.ts';
import type { StoredPlans } from '#runtime/stored/world.ts';

/** What every verb works with. */
export interface Runtime {
  /** Directory that holds one directory per container. */
  stateRoot: string;
  launcher(): Promise<Launcher>;
  facts(): HostFacts;
  /** Do without control groups that may not be made; undefined: where we are not root of the machine. */
  rootless?: boolean;
  /** systemd makes the control groups. */
  systemd?: boolean;
  /** Where it listens. */
  bus(): BusAddress;
  /** Takes what could not be done as asked, one sentence each. */
  warn(sentence: string): void;
  stored?: StoredPlans;
}

/** Flags that `create` and `run` share. */
export interface CreateOptions {
  id: string;
  /** Directory with config.json; absolute. */
  bundle: string;
  /** The configuration, when it is not the bundle's config.json; absolute. */
  config?: string;
  consoleSocket?: string;
  pidFile?: string;
  noNewKeyring?: boolean;
  /** Descriptors 3 and up that stay open in the container. */
  preserveFds?: number;
  /** So many of those, the first, are sockets that the program is told of as systemd tells of them. */
  listenFds?: number;
  noPivot?: boolean;
  /** The service manager's socket, to be told when the program says that it is ready. */
  notifySocket?: string;
  /** Unix socket that gets the pidfd of the container's first process. */
  pidfdSocket?: string;
}
