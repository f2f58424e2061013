import { Fault } from '#base/fault.ts';
import type { TreePair } from '#kernel/tree-packer.ts';
import { ownChanges, wholeTree } from '#store/snapshot/trees.ts';
import type { ImageRecord } from '#store/store.ts';
import type { RootMount } from '#kernel/root-mount.ts';
import type { Engine } from '#engine/engine.ts';
import { noteContainer } from '#engine/event/container.ts';
import { mountedOver } from '#engine/container/changes.ts';
import { whileHeld } from '#engine/container/hold.ts';
import { imageOf } from '#engine/container/image-of.ts';
import { toImage } from '#engine/container/health-check.ts';
import type { ContainerOptions } from '#engine/container/options.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { applyChanges, withVariables, type ImageSettings } from './change.ts';
import { newNames } from './new-name.ts';

export interface CommitContainerRequest {
  name: string | undefined;
  author: string | undefined;
  message: string;
  /** Instructions of a Dockerfile. */
  changes: readonly string[];
  /** Hold the container while it is read. */
  pause: boolean;
  format: 'oci' | 'docker';
  squash: boolean;
  signal: AbortSignal;
}

/** Makes an image of what a container has become; gives its ID. */
export async function commitContainer(
  engine: Engine,
  record: ContainerRecord,
  request: CommitContainerRequest,
): Promise<string> {
  const { name, author, message, changes, pause, format, squash, signal } = request;
  const names = newNames('commit', name);
  applyChanges({}, changes); // a wrong one is told before anything is done
  await engine.store.reconcile();
  const parent = imageOf(engine, record);
  const doing = `commit container ${record.name}`;
  const reading = async <T>(read: () => Promise<T>): Promise<T> => {
    const layer = pause ? await whileHeld(engine, record, doing, read) : await read();
    // What is taken away while it is read reads as if it were empty.
    if (isThere(engine, record)) return layer;
    throw removed(record);
  };
  const image = await engine.store.commit({
    parent,
    names,
    trees: treesOf(engine, record, parent, squash),
    skip: await placesMade(engine, record, parent, squash),
    config: (old) => applyChanges(containerSettings(old, record.options), changes),
    author,
    comment: message,
    createdBy: (record.options.command.length > 0 ? record.options.command : (parent.config.Cmd ?? [])).join(' '),
    format,
    squash,
    reading,
    signal,
  });
  const attributes = { comment: message, imageID: image.configDigest, imageRef: name ?? '' };
  noteContainer(engine, record, 'commit', { attributes });
  return image.configDigest;
}

const isThere = (engine: Engine, { id }: ContainerRecord): boolean => engine.containers.get(id)?.phase === 'ready';

const removed = ({ name }: ContainerRecord): Fault =>
  new Fault('conflict', `commit container ${name}: it was removed meanwhile`);

function ownTree(engine: Engine, record: ContainerRecord): RootMount {
  try {
    return engine.store.snapshotter(record.snapshotter).mounts(record.id);
  } catch (error) {
    throw isThere(engine, record) ? error : removed(record);
  }
}

function treesOf(engine: Engine, record: ContainerRecord, parent: ImageRecord, squash: boolean): TreePair {
  const snapshots = engine.store.snapshotter(record.snapshotter);
  const mount = ownTree(engine, record);
  if (squash) return wholeTree(mount);
  return ownChanges(mount, parent.chainId === '' ? undefined : snapshots.mounts(parent.chainId));
}

/**
 * Places that only were made to mount something on. In one layer alone, those that the image brought are to be seen;
 * above its layers they have not changed.
 */
async function placesMade(
  engine: Engine,
  record: ContainerRecord,
  parent: ImageRecord,
  squash: boolean,
): Promise<string[]> {
  const places = mountedOver(record.options);
  if (!squash) return places;
  const changes = await engine.store.changes({ trees: treesOf(engine, record, parent, false), chainIds: [] });
  const added = new Set(changes.filter(({ kind }) => kind === 'added').map(({ path }) => path.slice(1)));
  return places.filter((path) => added.has(path));
}

/** The image's settings with those that the container was given in their place. */
function containerSettings(old: ImageSettings, options: ContainerOptions): ImageSettings {
  const { command, entrypoint, env, labels, user, workdir, stopSignal, health, volumes = [] } = options;
  // Places that had a volume of their own have one in each container of the image.
  const places = volumes.filter(({ anonymous }) => anonymous === true).map(({ destination }) => [destination, {}]);
  const commands =
    entrypoint === undefined
      ? command.length === 0
        ? {}
        : { Cmd: command }
      : { Entrypoint: listOrNone(entrypoint), Cmd: listOrNone(command) };
  const told = {
    ...old,
    ...commands,
    ...(env.length === 0 ? {} : { Env: withVariables(textsOf(old['Env']), env.map(pairOf)) }),
    ...(Object.keys(labels).length === 0 ? {} : { Labels: { ...(old['Labels'] as object | undefined), ...labels } }),
    ...(user === undefined ? {} : { User: user }),
    ...(workdir === undefined ? {} : { WorkingDir: workdir }),
    ...(stopSignal === undefined ? {} : { StopSignal: stopSignal }),
    ...(health === undefined ? {} : { Healthcheck: toImage(health) }),
    ...(places.length === 0
      ? {}
      : { Volumes: { ...(old['Volumes'] as object | undefined), ...Object.fromEntries(places) } }),
  };
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined));
}

const listOrNone = (list: readonly string[]): readonly string[] | undefined => (list.length === 0 ? undefined : list);

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function pairOf(variable: string): [string, string] {
  const equals = variable.indexOf('=');
  return [variable.slice(0, equals), variable.slice(equals + 1)];
}
