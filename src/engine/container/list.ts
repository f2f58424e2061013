import type { Engine } from '#engine/engine.ts';
import { isHeld } from './cgroups.ts';
import { processArgs } from './command.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import { isUp, observe, type ContainerState } from './state.ts';

export interface ListedContainer {
  record: ContainerRecord;
  state: ContainerState;
  paused: boolean;
  /** Program and arguments as they are run. */
  args: string[];
}

/** Containers, newest first; only the running ones unless `all`. What `keep` leaves out is not looked at. */
export function listContainers(
  engine: Engine,
  all: boolean,
  keep: (record: ContainerRecord) => boolean = () => true,
): ListedContainer[] {
  return engine.containers
    .list()
    .filter((record) => record.phase === 'ready' && keep(record))
    .map((record) => {
      const state = observe(containerDirectory(engine.root, record.id));
      const paused = state.status === 'running' && isHeld(engine, record);
      return { record, state, paused, args: argsOf(engine, record) };
    })
    .filter(({ state }) => all || isUp(state));
}

export function argsOf(engine: Engine, record: ContainerRecord): string[] {
  const image = engine.store.images.find(record.imageId);
  return image === undefined ? [...record.options.command] : processArgs(record.options, image.config);
}

/** Its monitor keeps it going. */
export const isContainerUp = (engine: Engine, record: ContainerRecord): boolean => isUp(stateOf(engine, record));

export function stateOf(engine: Engine, record: ContainerRecord): ContainerState {
  return observe(containerDirectory(engine.root, record.id));
}
