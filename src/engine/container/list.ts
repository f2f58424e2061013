import type { Engine } from '#engine/engine.ts';
import { isHeld } from './cgroups.ts';
import type { ImageConfig } from '#store/image/config.ts';
import { healthOf } from './health.ts';
import { processArgs } from './command.ts';
import { containerDirectory, type ContainerRecord } from './record.ts';
import type { HealthStatus } from '#engine/monitor/health-file.ts';
import { isUp, observe, type ContainerState } from './state.ts';

export interface ListedContainer {
  record: ContainerRecord;
  state: ContainerState;
  paused: boolean;
  /** Left out where nothing is checked. */
  health?: HealthStatus;
  /** Program and arguments as they are run. */
  args: string[];
}

/** Containers, newest first; only the running ones unless `all`. What `keep` leaves out is not looked at. */
export function listContainers(
  engine: Engine,
  all: boolean,
  keep: (record: ContainerRecord) => boolean = () => true,
): ListedContainer[] {
  const imageConfig = imageConfigs(engine);
  return engine.containers
    .list()
    .filter((record) => record.phase === 'ready' && keep(record))
    .map((record) => {
      const state = observe(containerDirectory(engine.root, record.id));
      const paused = record.pauseAsked === true && state.status === 'running' && isHeld(engine, record);
      const health = healthOf(engine, record, state)?.status;
      const args = argsWith(record, imageConfig(record.imageId));
      return { record, state, paused, args, ...(health === undefined ? {} : { health }) };
    })
    .filter(({ state }) => all || isUp(state));
}

export function argsOf(engine: Engine, record: ContainerRecord): string[] {
  return argsWith(record, imageConfigs(engine)(record.imageId));
}

const argsWith = ({ options }: ContainerRecord, image: ImageConfig | undefined): string[] =>
  image === undefined ? [...options.command] : processArgs(options, image);

/** Looks each image up once: many containers are made from few. */
function imageConfigs(engine: Engine): (id: string) => ImageConfig | undefined {
  const known = new Map<string, ImageConfig | undefined>();
  return (id) => {
    if (!known.has(id)) known.set(id, engine.store.images.find(id)?.config);
    return known.get(id);
  };
}

/** Its monitor keeps it going. */
export const isContainerUp = (engine: Engine, record: ContainerRecord): boolean => isUp(stateOf(engine, record));

export function stateOf(engine: Engine, record: ContainerRecord): ContainerState {
  return observe(containerDirectory(engine.root, record.id));
}
