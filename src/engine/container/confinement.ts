import type { Userns, UsernsWish } from '#engine/userns/wish.ts';
import type { BlockIO, DeviceRule, Rlimit, SeccompProfile } from '#runtime/spec/spec.ts';

/** Wishes about what a container may touch and how it is held, beside its resources. */
export interface ConfinementWish {
  tmpfs?: readonly TmpfsMount[];
  devices?: readonly DeviceWish[];
  /** Devices by their CDI names, `vendor.com/class=name`. */
  cdiDevices?: readonly string[];
  /** Allowed beside those of the devices. */
  deviceRules?: readonly DeviceRule[];
  ulimits?: readonly Rlimit[];
  sysctls?: Readonly<Record<string, string>>;
  /** Bytes of /dev/shm. */
  shmSize?: number;
  /** `host`, `private`, or `container:ID`; the last is that of another container that runs. */
  pidMode?: string;
  /** Also `none`: private, and without /dev/shm; and `shareable`: others may join it by `container:ID`. */
  ipcMode?: string;
  utsMode?: string;
  cgroupnsMode?: string;
  /** Left out for the engine's own. Its numbers were found when the container was made. */
  userns?: Userns;
  /** What that is found by. */
  usernsWish?: UsernsWish;
  /** Control group that it lies below, from the root. */
  cgroupParent?: string;
  /** For programs that look at the container from outside, such as hooks. */
  annotations?: Readonly<Record<string, string>>;
  domainname?: string;
  /** Names or numbers of further groups. */
  groupAdd?: readonly string[];
  oomScoreAdj?: number;
  security?: SecurityWish;
  /** Limits of single devices. */
  blockIo?: BlockIO;
}

export interface TmpfsMount {
  destination: string;
  options: readonly string[];
}

export interface DeviceWish {
  source: string;
  destination: string;
  /** Of r, w and m. */
  access: string;
}

export interface SecurityWish {
  noNewPrivileges?: boolean;
  /** The usual filter when left out. */
  seccomp?: 'unconfined' | SeccompProfile;
  apparmor?: string;
  /** Nothing below /proc and /sys is hidden or read-only. */
  bareSystemPaths?: boolean;
  /** Further paths that are hidden. */
  masked?: readonly string[];
  /** Paths, or patterns of them, that are neither hidden nor read-only. */
  unmasked?: readonly string[];
  /** Its own control groups may be divided and limited from inside. */
  writableCgroups?: boolean;
}
