import { Fault } from '#base/fault.ts';
import type { Namespace, NamespaceType } from '#runtime/spec/spec.ts';
import type { Engine } from '#engine/engine.ts';
import type { ContainerOptions } from './options.ts';
import { containerDirectory } from './record.ts';
import { observe } from './state.ts';

/** Pids of the first processes of containers whose namespaces are shared, by the mode that names them. */
export type SharedWith = ReadonlyMap<string, number>;

const CONTAINER = 'container:';

/** The namespaces of a container: new ones, but those of the host and of other containers. */
export function namespacesOf(options: ContainerOptions, sharedWith: SharedWith): Namespace[] {
  const modes: readonly (readonly [NamespaceType, string | undefined])[] = [
    ['pid', options.pidMode],
    ['ipc', options.ipcMode],
    ['uts', options.utsMode],
    ['mount', undefined],
    ['cgroup', options.cgroupnsMode],
    ['network', options.network],
  ];
  return modes.flatMap(([type, mode]) => {
    if (mode === 'host') return [];
    const pid = mode === undefined ? undefined : sharedWith.get(mode);
    return [{ type, ...(pid === undefined ? {} : { path: `/proc/${pid}/ns/${FILES[type] ?? type}` }) }];
  });
}

const FILES: Partial<Record<NamespaceType, string>> = { network: 'net' };

/** Its own host name: otherwise it has that of whom it shares it with. */
export const ownsHostname = ({ utsMode }: ContainerOptions): boolean => utsMode === undefined || utsMode === 'private';

/** The containers that are shared with, looked up when this one starts; they must run. */
export function sharedContainers(engine: Engine, { pidMode, utsMode }: ContainerOptions): SharedWith {
  const found = new Map<string, number>();
  for (const mode of [pidMode, utsMode]) {
    if (mode?.startsWith(CONTAINER) !== true) continue;
    const other = engine.containers.find(mode.slice(CONTAINER.length));
    const { pid, status } = observe(containerDirectory(engine.root, other.id));
    if (status !== 'running' || pid === undefined) {
      throw new Fault('conflict', `share a namespace with container ${other.name}: it does not run`, {
        hint: `sampan start ${other.name} starts it.`,
      });
    }
    found.set(mode, pid);
  }
  return found;
}

/** Modes that name a container, with its id in place of its name: names move. Throws `notFound`. */
export function withContainerIds(engine: Engine, options: ContainerOptions): ContainerOptions {
  const named = (mode: string | undefined): string | undefined =>
    mode?.startsWith(CONTAINER) === true
      ? `${CONTAINER}${engine.containers.find(mode.slice(CONTAINER.length)).id}`
      : mode;
  const [pidMode, utsMode] = [named(options.pidMode), named(options.utsMode)];
  return {
    ...options,
    ...(pidMode === undefined ? {} : { pidMode }),
    ...(utsMode === undefined ? {} : { utsMode }),
  };
}
