import { join } from 'node:path';
import { isFault } from '#base/fault.ts';
import { isHeld } from './container/cgroups.ts';
import { containerDirectory, type ContainerRecord } from './container/record.ts';
import { argsOf, stateOf } from './container/list.ts';
import { DEFAULT_SHM, hostnameOf } from './container/spec.ts';
import type { ContainerOptions } from './container/options.ts';
import type { ResourceWish } from './container/resources.ts';
import type { ContainerState } from './container/state.ts';
import type { Engine } from './engine.ts';
import { logChoice, logPath } from './log/target.ts';
import { shownBinds, shownMounts } from './volume/shown.ts';

const NEVER = '0001-01-01T00:00:00Z';
const time = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? NEVER : new Date(milliseconds).toISOString();

/** A container as the field's tools expect to read it; undefined when there is none of this name. */
export function inspectContainer(engine: Engine, name: string): Record<string, unknown> | undefined {
  let record: ContainerRecord;
  try {
    record = engine.containers.find(name);
  } catch (error) {
    if (isFault(error, 'notFound')) return undefined;
    throw error;
  }
  const state = stateOf(engine, record);
  const directory = containerDirectory(engine.root, record.id);
  const [path = '', ...args] = argsOf(engine, record);
  return {
    Id: record.id,
    Created: time(record.created),
    Path: path,
    Args: args,
    State: stateFields(state, state.status === 'running' && isHeld(engine, record.id)),
    Image: record.imageId,
    Name: `/${record.name}`,
    LogPath: logPath(engine, record) ?? '',
    ResolvConfPath: join(directory, 'resolv.conf'),
    HostnamePath: join(directory, 'hostname'),
    HostsPath: join(directory, 'hosts'),
    Mounts: shownMounts(engine.root, record.options),
    ...configFields(record),
  };
}

function logConfig(record: ContainerRecord): Record<string, unknown> {
  const { driver, options } = logChoice(record);
  return { Type: driver, Config: options };
}

function configFields(record: ContainerRecord): Record<string, unknown> {
  const { options } = record;
  return {
    HostConfig: {
      AutoRemove: options.autoRemove,
      Binds: shownBinds(options),
      CapAdd: options.capAdd,
      CapDrop: options.capDrop,
      Init: options.init,
      LogConfig: logConfig(record),
      ...resourceFields(options),
      ...confinementFields(options),
      NetworkMode: options.network,
      Privileged: options.privileged,
      ReadonlyRootfs: options.readOnly,
      VolumesFrom: options.volumesFrom?.map((one) => `${one.container}${one.readOnly === true ? ':ro' : ''}`) ?? null,
    },
    Config: {
      Hostname: hostnameOf(options, record.id),
      User: options.user ?? '',
      Tty: options.tty,
      AttachStdin: isAttached(options, 'stdin'),
      AttachStdout: isAttached(options, 'stdout'),
      AttachStderr: isAttached(options, 'stderr'),
      OpenStdin: options.interactive,
      Env: options.env,
      Cmd: options.command,
      Entrypoint: options.entrypoint ?? null,
      Image: record.imageName,
      WorkingDir: options.workdir ?? '',
      Labels: options.labels,
    },
  };
}

const isAttached = ({ attach, interactive }: ContainerOptions, stream: 'stdin' | 'stdout' | 'stderr'): boolean =>
  attach?.includes(stream) ?? (stream !== 'stdin' || interactive);

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
  };
}

function confinementFields(options: ContainerOptions): Record<string, unknown> {
  return {
    CgroupnsMode: options.cgroupnsMode ?? 'private',
    Devices: (options.devices ?? []).map(({ source, destination, access }) => ({
      PathOnHost: source,
      PathInContainer: destination,
      CgroupPermissions: access,
    })),
    GroupAdd: options.groupAdd ?? null,
    IpcMode: options.ipcMode ?? 'private',
    OomScoreAdj: options.oomScoreAdj ?? 0,
    PidMode: options.pidMode ?? '',
    ShmSize: options.shmSize ?? DEFAULT_SHM,
    Sysctls: options.sysctls ?? null,
    Tmpfs: Object.fromEntries((options.tmpfs ?? []).map((one) => [one.destination, one.options.join(',')])),
    Ulimits: (options.ulimits ?? []).map(({ type, soft, hard }) => ({
      Name: type.replace('RLIMIT_', '').toLowerCase(),
      Hard: hard >= 2 ** 64 ? -1 : hard,
      Soft: soft >= 2 ** 64 ? -1 : soft,
    })),
    UTSMode: options.utsMode ?? '',
  };
}

function stateFields(state: ContainerState, paused: boolean): Record<string, unknown> {
  return {
    Status: paused ? 'paused' : state.status,
    Running: state.status === 'running',
    Paused: paused,
    Restarting: false,
    OOMKilled: state.exit?.oom ?? false,
    Dead: state.status === 'dead',
    Pid: state.pid ?? 0,
    ExitCode: state.exit?.code ?? 0,
    Error: state.exit?.error ?? '',
    StartedAt: time(state.startedAt ?? state.exit?.started),
    FinishedAt: time(state.exit?.finished),
  };
}
