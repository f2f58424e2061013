import { Fault } from '#base/fault.ts';
import type { Step } from '#kernel/plan.ts';
import type { Namespace, NamespaceType } from '#runtime/spec/spec.ts';
import type { Engine } from '#engine/engine.ts';
import type { ContainerOptions } from './options.ts';
import { containerDirectory } from './record.ts';
import { observe, readInit, type InitProcess } from './state.ts';

/** The first processes of containers whose namespaces are shared, by the mode that names them. */
export type SharedWith = ReadonlyMap<string, Pick<InitProcess, 'pid' | 'startTime'>>;

const CONTAINER = 'container:';
const PATH = 'ns:';

/** The namespaces of a container: new ones, but those of the host and of other containers. */
export function namespacesOf(options: ContainerOptions, sharedWith: SharedWith): Namespace[] {
  const modes: readonly (readonly [NamespaceType, string | undefined])[] = [
    ['pid', options.pidMode],
    ['ipc', options.ipcMode],
    ['uts', options.utsMode],
    ['mount', undefined],
    ['cgroup', options.cgroupnsMode],
    ['network', options.network],
    ['user', options.userns?.mode ?? 'host'],
  ];
  return modes.flatMap(([type, mode]) => {
    if (mode === 'host') return [];
    if (mode?.startsWith(PATH) === true) return [{ type, path: mode.slice(PATH.length) }];
    const shared = mode === undefined ? undefined : sharedWith.get(mode);
    return [{ type, ...(shared === undefined ? {} : { path: namespacePath(shared.pid, type) }) }];
  });
}

const FILES: Partial<Record<NamespaceType, string>> = { network: 'net' };
const namespacePath = (pid: number, type: NamespaceType): string => `/proc/${pid}/ns/${FILES[type] ?? type}`;

/**
 * The steps with a look, behind each that opens a namespace of another container, whether the number is still that of
 * its first process: it may have ended since, and the number be a process's of the host.
 */
export function withSurePids(steps: readonly Step[], sharedWith: SharedWith): Step[] {
  const shared = [...sharedWith.values()];
  return steps.flatMap((step) => {
    const init = step.op === 'open' ? shared.find(({ pid }) => step.path.startsWith(`/proc/${pid}/ns/`)) : undefined;
    if (init === undefined) return [step];
    const look = { pid: init.pid, starttime: BigInt(init.startTime), out: 'shared', origin: 'the shared namespace' };
    return [step, { op: 'pidfd', ...look }, { op: 'close', slot: 'shared' }];
  });
}

/** Its own host name: otherwise it has that of whom it shares it with. */
export const ownsHostname = ({ utsMode }: ContainerOptions): boolean => utsMode === undefined || utsMode === 'private';

/** The containers that are shared with, looked up when this one starts; they must run. */
export function sharedContainers(engine: Engine, { pidMode, ipcMode, utsMode, userns }: ContainerOptions): SharedWith {
  const found = new Map<string, InitProcess>();
  for (const mode of [pidMode, ipcMode, utsMode, userns?.mode]) {
    if (mode?.startsWith(CONTAINER) !== true) continue;
    const other = engine.containers.find(mode.slice(CONTAINER.length));
    const directory = containerDirectory(engine.root, other.id);
    const init = readInit(directory);
    if (init === undefined || observe(directory).status !== 'running') {
      throw new Fault('conflict', `share a namespace with container ${other.name}: it does not run`, {
        hint: `sampan start ${other.name} starts it.`,
      });
    }
    found.set(mode, init);
  }
  return found;
}

/** As docker has it: whoever is joined has been asked before. */
function needShareable(engine: Engine, id: string): void {
  const { name, options } = engine.containers.find(id);
  if (options.ipcMode === 'shareable') return;
  throw new Fault('conflict', `create container: the IPC namespace of container ${name} is not shareable`, {
    field: '--ipc',
    hint: `Make ${name} with --ipc shareable.`,
  });
}

/** Where the mounts of the container are whose IPC namespace is joined: its /dev/shm belongs to that. */
export function sharedMemoryOf({ ipcMode = '' }: ContainerOptions, sharedWith: SharedWith): string | undefined {
  const init = sharedWith.get(ipcMode);
  return init === undefined || !ipcMode.startsWith(CONTAINER) ? undefined : `/proc/${init.pid}/ns/mnt`;
}

/** Modes that name a container, with its id in place of its name: names move. Throws `notFound`. */
export function withContainerIds(engine: Engine, options: ContainerOptions): ContainerOptions {
  const named = (mode: string | undefined): string | undefined =>
    mode?.startsWith(CONTAINER) === true
      ? `${CONTAINER}${engine.containers.find(mode.slice(CONTAINER.length)).id}`
      : mode;
  const [pidMode, ipcMode, utsMode] = [named(options.pidMode), named(options.ipcMode), named(options.utsMode)];
  if (ipcMode?.startsWith(CONTAINER) === true) needShareable(engine, ipcMode.slice(CONTAINER.length));
  const { usernsWish: wish } = options;
  const usernsWish = wish?.kind === 'join' ? { ...wish, mode: named(wish.mode) ?? wish.mode } : wish;
  return {
    ...options,
    ...(pidMode === undefined ? {} : { pidMode }),
    ...(ipcMode === undefined ? {} : { ipcMode }),
    ...(utsMode === undefined ? {} : { utsMode }),
    ...(usernsWish === undefined ? {} : { usernsWish }),
  };
}
