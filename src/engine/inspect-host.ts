import { networkFields } from '#engine/network/shown.ts';
import { hiddenPaths } from './container/hidden-paths.ts';
import type { DeviceRule } from '#runtime/spec/spec.ts';
import type { SecurityWish } from './container/confinement.ts';
import type { ContainerOptions } from './container/options.ts';
import type { ResourceWish } from './container/resources.ts';
import { DEFAULT_SHM } from './container/spec.ts';
import { logChoice } from './log/target.ts';
import { askedMountsShown, shownBinds } from './volume/shown.ts';

/** How a container was asked to live on this machine, under docker's names. */
export function hostFields(options: ContainerOptions): Record<string, unknown> {
  return {
    Annotations: options.annotations,
    AutoRemove: options.autoRemove,
    Binds: orNull(shownBinds(options)),
    CapAdd: orNull(capabilityNames(options.capAdd)),
    CapDrop: orNull(capabilityNames(options.capDrop)),
    ConsoleSize: [0, 0],
    ContainerIDFile: '',
    Init: options.init,
    Isolation: '',
    LogConfig: logConfig(options),
    Mounts: undefinedIfEmpty(askedMountsShown(options)),
    Privileged: options.privileged,
    ReadonlyRootfs: options.readOnly,
    RestartPolicy: { Name: options.restart?.name ?? 'no', MaximumRetryCount: options.restart?.most ?? 0 },
    Runtime: 'sampan',
    SecurityOpt: orNull(securityOptions(options.security ?? {})),
    VolumeDriver: '',
    VolumesFrom: options.volumesFrom?.map((one) => `${one.container}${one.readOnly === true ? ':ro' : ''}`) ?? null,
    ...networkFields(options),
    ...resourceFields(options),
    ...blockFields(options),
    ...deviceFields(options),
    ...confinementFields(options),
  };
}

function logConfig(options: ContainerOptions): Record<string, unknown> {
  const { driver, options: more } = logChoice({ options });
  return { Type: driver, Config: more };
}

const orNull = <T>(list: readonly T[] | undefined): readonly T[] | null =>
  list === undefined || list.length === 0 ? null : list;
const undefinedIfEmpty = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);

/** As they are called in full, each once. */
const capabilityNames = (names: readonly string[]): string[] =>
  [...new Set(names.map((name) => name.toUpperCase().replace(/^(?!ALL$)(CAP_)?/, 'CAP_')))].toSorted();

function resourceFields(options: ResourceWish): Record<string, unknown> {
  const { memory } = options;
  return {
    Memory: memory ?? 0,
    MemorySwap: options.memorySwap ?? (memory ?? 0) * 2,
    MemoryReservation: options.memoryReservation ?? 0,
    MemorySwappiness: options.memorySwappiness ?? null,
    OomKillDisable: options.oomKillDisable ?? false,
    NanoCpus: Math.round((options.cpus ?? 0) * 1e9),
    CpuShares: options.cpuShares ?? 0,
    CpuPeriod: options.cpuPeriod ?? 0,
    CpuQuota: options.cpuQuota ?? 0,
    CpuRealtimePeriod: options.cpuRealtimePeriod ?? 0,
    CpuRealtimeRuntime: options.cpuRealtimeRuntime ?? 0,
    CpusetCpus: options.cpusetCpus ?? '',
    CpusetMems: options.cpusetMems ?? '',
    PidsLimit: options.pidsLimit ?? null,
    BlkioWeight: options.blkioWeight ?? 0,
    // Of Windows.
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumBandwidth: 0,
    IOMaximumIOps: 0,
  };
}

/** Devices are kept by their numbers. */
function blockFields({ blockIo = {} }: ContainerOptions): Record<string, unknown> {
  const path = (device: { major: number; minor: number }): string => `/dev/block/${device.major}:${device.minor}`;
  const rates = (list: readonly { major: number; minor: number; rate: number }[] = []) =>
    list.map((one) => ({ Path: path(one), Rate: one.rate }));
  return {
    BlkioWeightDevice: (blockIo.weightDevice ?? []).map((one) => ({ Path: path(one), Weight: one.weight ?? 0 })),
    BlkioDeviceReadBps: rates(blockIo.throttleReadBpsDevice),
    BlkioDeviceReadIOps: rates(blockIo.throttleReadIOPSDevice),
    BlkioDeviceWriteBps: rates(blockIo.throttleWriteBpsDevice),
    BlkioDeviceWriteIOps: rates(blockIo.throttleWriteIOPSDevice),
  };
}

function deviceFields({ cdiDevices, deviceRules, devices = [] }: ContainerOptions): Record<string, unknown> {
  return {
    DeviceCgroupRules: orNull(deviceRules?.map(ruleText)),
    DeviceRequests:
      cdiDevices === undefined
        ? null
        : [{ Driver: 'cdi', Count: 0, DeviceIDs: cdiDevices, Capabilities: null, Options: null }],
    Devices: devices.map(({ source, destination, access }) => ({
      PathOnHost: source,
      PathInContainer: destination,
      CgroupPermissions: access,
    })),
  };
}

const ruleText = ({ type = 'a', major, minor, access = 'rwm' }: DeviceRule): string =>
  `${type} ${major ?? '*'}:${minor ?? '*'} ${access}`;

function securityOptions(wish: SecurityWish): string[] {
  const { noNewPrivileges, seccomp, apparmor, masked, unmasked, writableCgroups } = wish;
  const filter = typeof seccomp === 'object' ? JSON.stringify(seccomp) : seccomp;
  return [
    ...(noNewPrivileges === undefined ? [] : [noNewPrivileges ? 'no-new-privileges' : 'no-new-privileges=false']),
    ...(filter === undefined ? [] : [`seccomp=${filter}`]),
    ...(apparmor === undefined ? [] : [`apparmor=${apparmor}`]),
    ...(masked === undefined ? [] : [`mask=${masked.join(':')}`]),
    ...(unmasked === undefined ? [] : [`unmask=${unmasked.join(':')}`]),
    ...(writableCgroups === undefined ? [] : [`writable-cgroups=${writableCgroups}`]),
  ];
}

function confinementFields(options: ContainerOptions): Record<string, unknown> {
  const { maskedPaths, readonlyPaths } = hiddenPaths(options);
  const unlimited = 2 ** 64;
  return {
    Cgroup: '',
    CgroupnsMode: options.cgroupnsMode ?? 'private',
    CgroupParent: options.cgroupParent ?? '',
    GroupAdd: options.groupAdd ?? null,
    IpcMode: options.ipcMode ?? 'private',
    MaskedPaths: maskedPaths,
    OomScoreAdj: options.oomScoreAdj ?? 0,
    PidMode: options.pidMode ?? '',
    ReadonlyPaths: readonlyPaths,
    ShmSize: options.shmSize ?? DEFAULT_SHM,
    Sysctls: options.sysctls,
    Tmpfs:
      options.tmpfs === undefined
        ? undefined
        : Object.fromEntries(options.tmpfs.map((one) => [one.destination, one.options.join(',')])),
    Ulimits: (options.ulimits ?? [])
      .map(({ type, soft, hard }) => ({
        Name: type.replace('RLIMIT_', '').toLowerCase(),
        Hard: hard >= unlimited ? -1 : hard,
        Soft: soft >= unlimited ? -1 : soft,
      }))
      .toSorted((left, right) => (left.Name < right.Name ? -1 : 1)),
    UsernsMode: '',
    UTSMode: options.utsMode ?? '',
  };
}
