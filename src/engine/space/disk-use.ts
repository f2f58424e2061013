import { statSync } from 'node:fs';
import { isFault } from '#base/fault.ts';
import { stateOf } from '#engine/container/list.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import { isUp, type ContainerState } from '#engine/container/state.ts';
import type { Engine } from '#engine/engine.ts';
import { listIndexes } from '#engine/image/list.ts';
import { rehearsePrune } from '#engine/image/prune.ts';
import { rehearsed } from '#engine/image/rehearse.ts';
import { listVolumes } from '#engine/volume/list.ts';
import type { VolumeRecord } from '#engine/volume/record.ts';
import { volumeBytes } from '#engine/volume/size.ts';
import { chainIds, type Digest } from '#store/digest.ts';
import type { ImageRecord, SnapshotDriver } from '#store/store.ts';
import { diskUsageOf } from './container-size.ts';

export interface ImageUse {
  /** Or an index or artifact whose names mean no unpacked image. */
  image: ImageRecord;
  /** Bytes on disk of its unpacked layers and its blobs, */
  size: number;
  /** of those that other images have too, */
  shared: number;
  /** and of those that only it has. */
  unique: number;
  containers: number;
}

export interface ContainerUse {
  record: ContainerRecord;
  state: ContainerState;
  /** Bytes on disk of what it has written. */
  size: number;
}

export interface VolumeUse {
  record: VolumeRecord;
  size: number;
  /** Containers that have it. */
  links: number;
}

export interface Total {
  count: number;
  active: number;
  size: number;
  /** Bytes that `image prune -a`, `container prune` or `volume prune -a` would free. */
  reclaimable: number;
}

export interface DiskUse {
  images: ImageUse[];
  containers: ContainerUse[];
  volumes: VolumeUse[];
  totals: { images: Total; containers: Total; volumes: Total };
}

/** A blob or an unpacked layer: what images are made of, and what may be shared. */
type Part = string;

const blobPart = (digest: string): Part => `blob ${digest}`;
const layerPart = (chainId: string): Part => `layer ${chainId}`;

/** Looks at every file of every tree: what it says is what the disk says. */
export async function diskUse(engine: Engine): Promise<DiskUse> {
  const layers = await layerSizes(engine);
  const sizes = new Map(blobSizes(engine));
  // A layer that both drivers have unpacked takes room twice.
  for (const { part, bytes } of layers) sizes.set(part, (sizes.get(part) ?? 0) + bytes);
  const images = imageUses(engine, sizes);
  const containers = await containersUse(engine);
  const volumes = await volumesUse(engine);
  const size = sumOf(sizes, sizes.keys());
  return {
    images,
    containers,
    volumes,
    totals: {
      images: {
        count: images.length,
        active: images.filter((one) => one.containers > 0).length,
        size,
        reclaimable: reclaimable(engine, sizes, layers),
      },
      containers: totalOf(containers, ({ state }) => isUp(state)),
      volumes: totalOf(volumes, ({ links }) => links > 0),
    },
  };
}

function imageUses(engine: Engine, sizes: ReadonlyMap<Part, number>): ImageUse[] {
  const indexes = new Map(listIndexes(engine).map(({ image }) => [image.configDigest, image] as const));
  const images = [...engine.store.images.list(), ...indexes.values()];
  const parts = new Map(images.map((image) => [image, partsOf(engine, image)] as const));
  const owners = new Map<Part, number>();
  for (const part of [...parts.values()].flatMap((own) => [...own])) owners.set(part, (owners.get(part) ?? 0) + 1);
  return images.map((image): ImageUse => {
    const own = [...(parts.get(image) ?? [])];
    const size = sumOf(sizes, own);
    const shared = sumOf(
      sizes,
      own.filter((part) => (owners.get(part) ?? 0) > 1),
    );
    const containers = engine.containers.usingImage(image.configDigest).length;
    return { image, size, shared, unique: size - shared, containers };
  });
}

function sumOf(sizes: ReadonlyMap<Part, number>, of: Iterable<Part>): number {
  return [...of].reduce((bytes, part) => bytes + (sizes.get(part) ?? 0), 0);
}

/** What `image prune -a` would free, found by rehearsing it. */
function reclaimable(engine: Engine, sizes: ReadonlyMap<Part, number>, layers: readonly LayerSize[]): number {
  const gone = rehearsed(engine, () => {
    rehearsePrune(engine, { all: true, filters: [] });
    return engine.store.unneeded();
  });
  const trees = new Set(gone.snapshots.map(({ driver, key }) => `${driver} ${key}`));
  const ofTrees = layers
    .filter(({ driver, key }) => trees.has(`${driver} ${key}`))
    .reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    ofTrees +
    sumOf(
      sizes,
      gone.blobs.map(({ digest }) => blobPart(digest)),
    )
  );
}

function totalOf<T extends { size: number }>(objects: readonly T[], inUse: (one: T) => boolean): Total {
  const bytes = (list: readonly T[]): number => list.reduce((sum, { size }) => sum + size, 0);
  const idle = objects.filter((one) => !inUse(one));
  return {
    count: objects.length,
    active: objects.length - idle.length,
    size: bytes(objects),
    reclaimable: bytes(idle),
  };
}

async function volumesUse(engine: Engine): Promise<VolumeUse[]> {
  const found: VolumeUse[] = [];
  for (const { record, users } of listVolumes(engine))
    found.push({ record, size: await volumeBytes(engine, record), links: users.length });
  return found;
}

async function containersUse(engine: Engine): Promise<ContainerUse[]> {
  const found: ContainerUse[] = [];
  for (const record of engine.containers.list().filter(({ phase }) => phase === 'ready')) {
    found.push({ record, state: stateOf(engine, record), size: await diskUsageOf(engine, record) });
  }
  return found;
}

function partsOf({ database }: Engine, { configDigest, layers }: ImageRecord): Set<Part> {
  const blobs = database.all<{ digest: Digest }>(
    'SELECT digest FROM image_blob WHERE image = ?1 UNION SELECT digest FROM index_blob WHERE index_id = ?1',
    configDigest,
  );
  const chain = chainIds(layers.map(({ diffId }) => diffId));
  return new Set([...blobs.map(({ digest }) => blobPart(digest)), ...chain.map(layerPart)]);
}

const BLOCK = 512;

function blobSizes({ database, root }: Engine): [Part, number][] {
  return database.all<{ digest: Digest }>('SELECT digest FROM blob').map(({ digest }) => {
    const blocks = statSync(`${root}/blobs/${digest.replace(':', '/')}`, { throwIfNoEntry: false })?.blocks ?? 0;
    return [blobPart(digest), blocks * BLOCK];
  });
}

interface LayerSize {
  part: Part;
  driver: SnapshotDriver;
  key: string;
  bytes: number;
}

async function layerSizes(engine: Engine): Promise<LayerSize[]> {
  const rows = engine.database.all<{ key: string; driver: SnapshotDriver }>(
    "SELECT key, driver FROM snapshot WHERE kind = 'layer'",
  );
  const sizes: LayerSize[] = [];
  for (const { key, driver } of rows) {
    sizes.push({ part: layerPart(key), driver, key, bytes: await usage(engine, driver, key) });
  }
  return sizes;
}

/** What goes at this moment takes no room. */
async function usage({ store }: Engine, driver: SnapshotDriver, key: string): Promise<number> {
  try {
    return (await store.snapshotter(driver).usage(key)).bytes;
  } catch (error) {
    if (isFault(error, 'notFound', 'corrupt')) return 0;
    throw error;
  }
}
