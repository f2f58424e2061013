/** What is to be said of docker's options where ours are not simply the same. A command's own line comes before `run`'s. */
import { REFUSED_OPTIONS } from '#doors/cli/engine/refused-options.ts';

type Said = Readonly<Record<string, string>>;

const VERSION_1 = 'version 1 of control groups only, with a warning elsewhere';

/** Of `run` and `create`. */
const OF_RUN: Said = {
  'cgroup-parent':
    "as with docker's driver `cgroupfs`: a path from the root of every hierarchy, with or without the slash in front; slices of systemd are not made",
  cgroupns: '`private` is the default on version 1 of control groups, too',
  device:
    'of a link the node behind it, of a directory all nodes in it; `vendor.com/class=name` as CDI describes it at each start (docs/configuration.md says where)',
  'disable-content-trust': 'no effect, as in docker by now',
  gpus: 'by CDI alone: `nvidia.com/gpu`, with `driver=amd` `amd.com/gpu`, with `driver=cdi` any name; `capabilities` are read and without effect',
  ipc: '/dev/shm of another container is what is mounted there in its own namespace when this one starts',
  isolation: '`default` only; the others are of Windows',
  'memory-swappiness': VERSION_1,
  mount:
    '`image` is read-only and never pulled, as in docker; links in `image-subpath` are followed within the image. `bind-create-src` of docker 29 is there, `consistency` has no effect, `npipe` and `cluster` are not there',
  network:
    '`none` (loopback only) is root’s default, `bridge` with `-p`; names of networks as docker’s and podman’s, `host`, podman’s `pasta`; also `--net`. `container:` and `ns:` are not there yet',
  'oom-kill-disable': VERSION_1,
  platform:
    'chooses among the images at hand, too; a program that nothing here runs is refused at the start, with what to install',
  pull: 'also `newer`, as podman',
  runtime: '`sampan` only',
  'security-opt':
    "`label=disable` only; `mask=` and `unmask=` are podman's; `writable-cgroups` of docker 29, on version 2 of control groups",
  sysctl: "what the namespaces are the container's own for; the check comes at the start",
  publish: 'with `--network pasta`, and a port of the host must be named',
  ulimit: '`nofile` is 1,048,576 unless given',
  userns: "`host`, and podman's modes: docs/rootless.md",
  uts: 'also `container:NAME`, as podman',
  volume: "`z` and `Z` have no effect without SELinux and are refused with it; podman's `U` is refused",
  'volume-driver': '`local` only',
};

const DIFFERENT: Readonly<Record<string, Said>> = {
  run: OF_RUN,
  create: OF_RUN,
};

/** What is not there, with the reason, beside what `run` refuses by name. */
const ABSENT: Readonly<Record<string, Said>> = {
  rm: { link: 'there are no links: names of containers do it' },
  start: {
    checkpoint: 'experimental in docker; `sampan oci checkpoint` does it for bundles',
    'checkpoint-dir': 'the same',
  },
};

/** What is being made, by others at the same time; it may be there or not. */
const PENDING: Readonly<Record<string, readonly string[]>> = {
  run: 'attach health-cmd health-interval health-retries health-start-interval health-start-period health-timeout no-healthcheck log-driver log-opt'.split(
    ' ',
  ),
  logs: ['details'],
};

export function isPending(command: string, option: string): boolean {
  return PENDING[command === 'create' ? 'run' : command]?.includes(option) === true;
}

export function differenceOf(command: string, option: string): string | undefined {
  return DIFFERENT[command]?.[option];
}

/** Why an option of docker's is not there; undefined when nothing is said of it. */
export function absenceOf(command: string, option: string): string | undefined {
  const own = ABSENT[command === 'create' ? 'run' : command]?.[option];
  if (own !== undefined || (command !== 'run' && command !== 'create')) return own;
  return REFUSED_OPTIONS[option]?.why;
}
