import { networkSettings } from '#engine/network/shown.ts';
import { join } from 'node:path';
import { isFault } from '#base/fault.ts';
import { isHeld } from './container/cgroups.ts';
import { readFailure } from './container/failure-note.ts';
import { containerDirectory, type ContainerRecord } from './container/record.ts';
import { argsOf, stateOf } from './container/list.ts';
import { shownHealth } from './container/health.ts';
import { isUp, type ContainerState } from './container/state.ts';
import type { Engine } from './engine.ts';
import { configFields } from './inspect-config.ts';
import { hostFields } from './inspect-host.ts';
import { logPath } from './log/target.ts';
import { shownMounts } from './volume/shown.ts';

const given = (name: string, value: unknown): Record<string, unknown> => (value === undefined ? {} : { [name]: value });
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
    State: {
      ...stateFields(state, state.status === 'running' && isHeld(engine, record)),
      ...given('Health', shownHealth(engine, record, state)),
      Error: errorText(state, directory),
    },
    Image: record.imageId,
    Name: `/${record.name}`,
    RestartCount: record.restarts,
    Driver: record.snapshotter,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: record.options.security?.apparmor ?? '',
    ExecIDs: null,
    LogPath: logPath(engine, record) ?? '',
    ResolvConfPath: join(directory, 'resolv.conf'),
    HostnamePath: join(directory, 'hostname'),
    HostsPath: join(directory, 'hosts'),
    HostConfig: hostFields(record.options),
    GraphDriver: driverFields(engine, record),
    Mounts: shownMounts(engine.root, record.options),
    Config: configFields(record, engine.store.images.find(record.imageId)?.config ?? {}),
    NetworkSettings: networkSection(engine, record, state),
  };
}

/** Where what it writes lies; nothing is mounted on the host. */
function driverFields(engine: Engine, { id, snapshotter }: ContainerRecord): Record<string, unknown> {
  try {
    const root = engine.store.snapshotter(snapshotter).mounts(id);
    if (root.kind === 'directory') return { Name: snapshotter, Data: { UpperDir: root.path } };
    const whole = (path: string): string => join(root.base, path);
    const [upper, work] = [whole(root.upper), whole(root.work)];
    return {
      Name: snapshotter,
      Data: { LowerDir: root.lower.map(whole).join(':'), UpperDir: upper, WorkDir: work },
    };
  } catch (error) {
    // It goes at this moment.
    if (isFault(error, 'notFound', 'corrupt')) return { Name: snapshotter, Data: null };
    throw error;
  }
}

function networkSection(
  engine: Engine,
  { id, options }: ContainerRecord,
  { pid }: ContainerState,
): Record<string, unknown> {
  return {
    SandboxID: '',
    SandboxKey: pid === undefined ? '' : `/proc/${pid}/ns/net`,
    ...networkSettings(engine, id, options),
  };
}

function stateFields(state: ContainerState, paused: boolean): Record<string, unknown> {
  return {
    Status: paused ? 'paused' : state.status,
    Running: isUp(state),
    Paused: paused,
    Restarting: state.status === 'restarting',
    OOMKilled: state.exit?.oom ?? false,
    Dead: state.status === 'dead',
    Pid: state.pid ?? 0,
    ExitCode: state.exit?.code ?? 0,
    StartedAt: time(state.startedAt ?? state.exit?.started),
    FinishedAt: time(state.exit?.finished),
  };
}

/** Why it does not run although somebody has started it; nothing for one that ended by itself. */
function errorText({ status, exit }: ContainerState, directory: string): string {
  if (status === 'running') return '';
  if (exit !== undefined && exit.error === undefined) return '';
  const failure = readFailure(directory);
  if (status !== 'dead' && failure !== undefined) return failure.message;
  return exit?.error ?? '';
}
