import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Linux, Mount, Rlimit, Spec } from '#runtime/spec/spec.ts';
import type { ImageConfig } from '#store/image/config.ts';
import { grantedCapabilities } from './capabilities.ts';
import type { TmpfsMount } from './confinement.ts';
import type { BindMount, ContainerOptions } from './options.ts';
import { imageMount } from './image-mounts.ts';
import { hiddenPaths } from './hidden-paths.ts';
import { processArgs } from './command.ts';
import { askedDevices } from './asked-devices.ts';
import { namespacesOf, ownsHostname, type SharedWith } from './namespaces.ts';
import { hostDevices } from './host-devices.ts';
import { resourcesOf } from './resources.ts';
import { isMounted, systemdEnvironment } from './systemd.ts';
import { sysctlsOf } from './usual-sysctls.ts';
import type { UserIdentity } from './user.ts';

export interface SpecInputs {
  id: string;
  options: ContainerOptions;
  image: ImageConfig;
  user: UserIdentity;
  /** The container's directory, which holds its `hosts`, `hostname` and `resolv.conf`. */
  directory: string;
  /** Left out where the place of its control groups depends on who starts it. */
  cgroupsPath?: string;
  /** Names of the capabilities that a privileged container is given. */
  allCapabilities: readonly string[];
  /** Hard limit of open files that this process may give on. */
  hardOpenFiles: number;
  /** Nobody in this user namespace may change their supplementary groups. */
  groupsFixed?: boolean;
  seccomp: Linux['seccomp'];
  sharedWith: SharedWith;
  rootPath: string;
  /** The engine is root of the machine. */
  asHostRoot?: boolean;
  /** Control groups are of version 2 here. */
  unified?: boolean;
  /** What is mounted for `options.volumes`. */
  volumes?: readonly Mount[];
}

/** Bytes of /dev/shm when nothing is said. */
export const DEFAULT_SHM = 64 * 2 ** 20;
const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The runtime specification of a container: the image's wishes, under the user's, over the engine's defaults. */
export function containerSpec(inputs: SpecInputs): Spec {
  const { options, user } = inputs;
  const capabilities = grantedCapabilities(options, inputs.allCapabilities);
  // Only root holds capabilities without asking; another user starts with none effective, as in every engine.
  const own = user.uid === 0 ? capabilities : [];
  return {
    ociVersion: '1.2.0',
    ...(ownsHostname(options) ? { hostname: hostnameOf(options, inputs.id) } : {}),
    ...(options.domainname === undefined ? {} : { domainname: options.domainname }),
    root: { path: inputs.rootPath, readonly: options.readOnly },
    process: {
      terminal: options.tty,
      user: { uid: user.uid, gid: user.gid, additionalGids: groupsOf(inputs) },
      args: processArgs(options, inputs.image),
      env: environment(inputs),
      cwd: options.workdir ?? (inputs.image.WorkingDir || '/'),
      capabilities: { bounding: capabilities, effective: own, permitted: own, inheritable: [], ambient: [] },
      rlimits: rlimits(inputs),
      noNewPrivileges: options.security?.noNewPrivileges ?? false,
      ...(options.oomScoreAdj === undefined ? {} : { oomScoreAdj: options.oomScoreAdj }),
      ...(options.security?.apparmor === undefined ? {} : { apparmorProfile: options.security.apparmor }),
    },
    mounts: [
      ...systemMounts(options, inputs.unified),
      ...fileMounts(inputs),
      ...askedMounts(options, inputs.volumes),
      ...managerMounts(options, inputs.unified),
    ],
    linux: linuxSection(inputs),
    ...(options.annotations === undefined ? {} : { annotations: { ...options.annotations } }),
  };
}

/** What lies below another mount is mounted after it, in whatever order they were asked for. */
export function askedMounts(
  { tmpfs = [], binds, images = [] }: ContainerOptions,
  volumes: readonly Mount[] = [],
): Mount[] {
  const mounts = [...tmpfs.map(tmpfsMount), ...binds.map(bindMount), ...images.map(imageMount), ...volumes];
  const depth = ({ destination }: Mount): number => destination.split('/').filter(Boolean).length;
  return mounts.sort((left, right) => depth(left) - depth(right));
}

function linuxSection({ options, seccomp, sharedWith, cgroupsPath, asHostRoot = false }: SpecInputs): Linux {
  const asked = askedDevices(options.devices ?? []);
  const devices = [...(options.privileged ? hostDevices() : []), ...asked.devices];
  const { devices: held = [], ...resources } = resourcesOf(options);
  const sysctls = sysctlsOf(options, asHostRoot);
  return {
    namespaces: namespacesOf(options, sharedWith),
    ...idMaps(options),
    ...(cgroupsPath === undefined ? {} : { cgroupsPath }),
    resources: { devices: [...held, ...asked.rules, ...(options.deviceRules ?? [])], ...resources },
    ...(devices.length === 0 ? {} : { devices }),
    ...(Object.keys(sysctls).length === 0 ? {} : { sysctl: sysctls }),
    ...hiddenPaths(options),
    ...(options.privileged || seccomp === undefined ? {} : { seccomp }),
  };
}

/** The own group is among them, as in every engine; but where nobody may change groups, none is asked for in vain. */
function groupsOf({ user, groupsFixed }: SpecInputs): number[] {
  if (groupsFixed === true && user.additionalGids.length === 0) return [];
  return [...new Set([user.gid, ...user.additionalGids])];
}

function idMaps({ userns }: ContainerOptions): Pick<Linux, 'uidMappings' | 'gidMappings'> {
  const { uids, gids } = userns ?? {};
  return uids === undefined || gids === undefined ? {} : { uidMappings: [...uids], gidMappings: [...gids] };
}

function rlimits({ options, hardOpenFiles }: SpecInputs): Rlimit[] {
  const usual = { type: 'RLIMIT_NOFILE', soft: Math.min(1_048_576, hardOpenFiles), hard: hardOpenFiles };
  const asked = options.ulimits ?? [];
  return [...(asked.some(({ type }) => type === usual.type) ? [] : [usual]), ...asked];
}

/** The name asked for, else the host's own with the host's network, else the short id. */
export function hostnameOf(options: ContainerOptions, id: string): string {
  return options.hostname ?? (options.network === 'host' || !ownsHostname(options) ? hostname() : id.slice(0, 12));
}

function environment({ options, image, user, id }: SpecInputs): string[] {
  const all = [
    DEFAULT_PATH,
    `HOSTNAME=${hostnameOf(options, id)}`,
    `HOME=${user.home}`,
    ...(options.tty ? ['TERM=xterm'] : []),
    ...systemdEnvironment(options, id),
    ...(image.Env ?? []),
    ...options.env,
  ];
  const byName = new Map(all.map((entry) => [entry.split('=', 1)[0], entry]));
  return [...byName.values()];
}

const mount = (destination: string, type: string, source: string, options: string[]): Mount => ({
  destination,
  type,
  source,
  options,
});

const GROUPS = ['nosuid', 'noexec', 'nodev', 'relatime'];

function systemMounts(options: ContainerOptions, unified = false): Mount[] {
  const mode = options.privileged ? 'rw' : 'ro';
  const isManager = options.systemd === 'always' && unified;
  const groups = isManager || options.security?.writableCgroups === true ? 'rw' : mode;
  return [
    mount('/proc', 'proc', 'proc', ['nosuid', 'noexec', 'nodev']),
    mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/dev/pts', 'devpts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
    mount('/sys', 'sysfs', 'sysfs', ['nosuid', 'noexec', 'nodev', mode]),
    mount('/sys/fs/cgroup', 'cgroup', 'cgroup', [...GROUPS, groups]),
    ...sharedMemory(options),
  ];
}

/**
 * For systemd the one hierarchy of version 1 in which nothing can be limited, nor a limit be lifted: over whatever is
 * mounted at /sys/fs/cgroup.
 */
function managerMounts(options: ContainerOptions, unified = false): Mount[] {
  const place = '/sys/fs/cgroup/systemd';
  if (options.systemd !== 'always' || unified || isMounted(options, place)) return [];
  return [mount(place, 'cgroup', 'cgroup', [...GROUPS, 'none', 'name=systemd'])];
}

/** What belongs to the ipc namespace: with the host's come the host's own mounts. */
function sharedMemory({ ipcMode, shmSize = DEFAULT_SHM }: ContainerOptions): Mount[] {
  const flags = ['nosuid', 'noexec', 'nodev'];
  if (ipcMode === 'host')
    return ['/dev/shm', '/dev/mqueue']
      .filter((path) => existsSync(path))
      .map((path) => mount(path, 'bind', path, ['bind', 'rprivate', ...flags]));
  const queue = mount('/dev/mqueue', 'mqueue', 'mqueue', flags);
  if (ipcMode === 'none') return [queue];
  // That of the other container, in whose mounts it is looked up (`sharedMemoryOf`).
  if (ipcMode?.startsWith('container:') === true)
    return [queue, mount('/dev/shm', 'bind', '/dev/shm', ['bind', 'rprivate', ...flags])];
  return [queue, mount('/dev/shm', 'tmpfs', 'shm', [...flags, 'mode=1777', `size=${shmSize}`])];
}

function tmpfsMount({ destination, options }: TmpfsMount): Mount {
  return mount(destination, 'tmpfs', 'tmpfs', ['nosuid', 'nodev', 'noexec', ...options]);
}

/** Where something is mounted over a container's tree. */
export function mountedPaths(options: ContainerOptions): string[] {
  const all = [
    ...systemMounts(options),
    ...fileMounts({ directory: '/', options }),
    ...(options.tmpfs ?? []),
    ...options.binds,
    ...(options.images ?? []),
    ...(options.volumes ?? []),
  ];
  return all.map(({ destination }) => destination);
}

/** The engine's own files and volumes are shown with the owners that the container knows. */
export const hasMaps = ({ userns }: ContainerOptions): boolean =>
  userns?.uids !== undefined && userns.mode !== 'keep-id';

/** Files that the engine keeps for the container, so that names resolve and the image stays untouched. */
function fileMounts({ directory, options }: Pick<SpecInputs, 'directory' | 'options'>): Mount[] {
  const bind = (destination: string, source: string): Mount =>
    mount(destination, 'bind', source, ['rbind', 'rprivate', ...(hasMaps(options) ? ['idmap'] : [])]);
  return [
    bind('/etc/hostname', join(directory, 'hostname')),
    ...(options.network === 'host'
      ? [bind('/etc/hosts', '/etc/hosts'), bind('/etc/resolv.conf', '/etc/resolv.conf')]
      : [bind('/etc/hosts', join(directory, 'hosts')), bind('/etc/resolv.conf', join(directory, 'resolv.conf'))]),
  ];
}

function bindMount({ source, destination, readOnly, options, flat }: BindMount): Mount {
  return mount(destination, 'bind', source, [
    flat === true ? 'bind' : 'rbind',
    // Nothing for a writable one: `rw` would take away the read-only mark of a mount of the host.
    ...(readOnly ? ['rro'] : []),
    ...(options.length === 0 ? ['rprivate'] : options),
  ]);
}
