import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, isFault } from '#base/fault.ts';
import { isAlive } from '#base/process-identity.ts';
import { encodePlan } from '#kernel/encode.ts';
import { failureFault } from '#kernel/failure.ts';
import type { Step } from '#kernel/plan.ts';
import { imageMounts, isMounted, removeEmpty, type ImageMount } from '#store/image/mounts.ts';
import { familiarName, parseReference } from '#store/reference.ts';
import { stackOf } from '#store/snapshot/trees.ts';
import type { ImageRecord } from '#store/store.ts';
import { ownIdentity } from '#engine/container/ownership.ts';
import type { Engine } from '#engine/engine.ts';
import { findImage } from './history.ts';
import { mountSteps, UNMOUNT_FLAGS } from './mount-steps.ts';

const PATIENCE_MS = 15_000;
const LOOK_AGAIN_MS = 10;

/** Mounts an image read-only below the run directory, or finds it mounted; gives the path. */
export async function mountImage(engine: Engine, name: string): Promise<string> {
  const image = findImage(engine, name);
  if (image.chainId === '') {
    throw new Fault('unsupported', `mount image ${name}: it has no layers`);
  }
  const path = pointOf(engine, image);
  const claimed = await claim(engine, `mount image ${name}`, image.configDigest, (known) => {
    if (known !== undefined) {
      imageMounts(engine.database).put({ ...known, times: known.times + 1 });
      return false;
    }
    if (engine.database.get('SELECT 1 FROM image WHERE id = ?', image.configDigest) === undefined)
      throw new Fault('notFound', `mount image ${name}: it has just been removed`);
    const { configDigest, chainId } = image;
    imageMounts(engine.database).put({ image: configDigest, chain: chainId, path, times: 1, owner: ownIdentity() });
    return true;
  });
  if (claimed) await mountAt(engine, image, path);
  return path;
}

async function mountAt(engine: Engine, image: ImageRecord, path: string): Promise<void> {
  const { database } = engine;
  const mounts = imageMounts(database);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const stack = stackOf(engine.store.snapshots.mounts(image.chainId));
    if (!isMounted(path)) await run(engine, `mount image ${image.configDigest}`, mountSteps(stack, path));
    const { configDigest, chainId } = image;
    database.transaction(() => mounts.put({ image: configDigest, chain: chainId, path, times: 1, owner: undefined }));
  } catch (error) {
    database.transaction(() => mounts.remove(image.configDigest));
    removeEmpty(path);
    throw error;
  }
}

/**
 * Gives a mount back; the last time, or with `force` the first, takes it off. Gives the image's ID. Throws `notFound`
 * when it is not mounted and `conflict` while somebody uses it.
 */
export async function unmountImage(engine: Engine, name: string, force: boolean): Promise<string> {
  const id = findMounted(engine, name);
  const mounts = imageMounts(engine.database);
  const doing = `unmount image ${name}`;
  const last = await claim(engine, doing, id, (known) => {
    if (known === undefined) throw new Fault('notFound', `${doing}: it is not mounted`);
    const done = known.times <= 1 || force;
    mounts.put(done ? { ...known, owner: ownIdentity() } : { ...known, times: known.times - 1 });
    return done ? known : undefined;
  });
  if (last === undefined) return id;
  try {
    await run(engine, doing, [{ op: 'umount', path: last.path, flags: UNMOUNT_FLAGS }]);
  } catch (error) {
    engine.database.transaction(() => mounts.put(last));
    throw busy(error, doing, last.path);
  }
  engine.database.transaction(() => mounts.remove(id));
  removeEmpty(last.path);
  return id;
}

export interface MountedImage {
  id: string;
  /** As people write them; none for an image that has lost them. */
  names: string[];
  path: string;
}

/** What is mounted now. */
export function mountedImages(engine: Engine): MountedImage[] {
  const mounts = imageMounts(engine.database);
  return engine.database.transaction(() => {
    mounts.settle();
    return mounts.list().map(({ image: id, path }) => {
      const names = engine.store.images.find(id)?.names ?? [];
      return { id, names: names.map((name) => familiarName(parseReference(name))), path };
    });
  });
}

/** By any of its names, or by its ID when it has been forgotten. */
function findMounted(engine: Engine, name: string): ImageMount['image'] {
  const image = engine.store.images.find(name);
  if (image !== undefined) return image.configDigest;
  const known = imageMounts(engine.database)
    .list()
    .find(({ image: id }) => id === name || id === `sha256:${name}`);
  if (known !== undefined) return known.image;
  throw new Fault('notFound', `No such image: ${name}`, { hint: 'sampan image mount lists those that are mounted.' });
}

/** Decides in one transaction about a record that no other process is at work on; one that died is succeeded. */
async function claim<T>(
  engine: Engine,
  doing: string,
  id: ImageMount['image'],
  decide: (known: ImageMount | undefined) => T,
): Promise<T> {
  const mounts = imageMounts(engine.database);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const decided = engine.database.durably(() => {
      mounts.settle();
      const known = mounts.find(id);
      const other = known?.owner !== undefined && known.owner !== ownIdentity() && isAlive(known.owner);
      return other ? undefined : { value: decide(known) };
    });
    if (decided !== undefined) return decided.value;
    if (Date.now() > deadline) throw new Fault('conflict', `${doing}: another process has been at it for long`);
    await sleep(LOOK_AGAIN_MS);
  }
}

async function run(engine: Engine, doing: string, steps: readonly Step[]): Promise<void> {
  const plan = { programs: [{ name: 'main', steps: [...steps] }] };
  const result = await engine.launcher.launch({ plan: encodePlan(plan), stdio: ['ignore', 'ignore', 'inherit'] })
    .result;
  if (result.code !== 0) throw failureFault(doing, result);
}

function busy(error: unknown, doing: string, path: string): unknown {
  if (!isFault(error, 'conflict')) return error;
  return new Fault('conflict', `${doing}: ${path} is busy`, {
    cause: error,
    hint: `Some process has a file open or its working directory there: fuser -vm ${path}`,
    facts: error.facts,
  });
}

/** The kernel's own name for the place, so that it is found again in its list. */
function pointOf({ runDirectory }: Engine, { configDigest }: ImageRecord): string {
  const directory = join(runDirectory, 'images');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return join(realpathSync(directory), configDigest.slice(configDigest.indexOf(':') + 1));
}
