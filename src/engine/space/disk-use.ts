import { statSync } from 'node:fs';
import { isFault } from '#base/fault.ts';
import { stateOf } from '#engine/container/list.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import type { ContainerState } from '#engine/container/state.ts';
import type { Engine } from '#engine/engine.ts';
import { keptImages } from '#engine/image/keep.ts';
import { listVolumes } from '#engine/volume/list.ts';
import type { VolumeRecord } from '#engine/volume/record.ts';
import { volumeBytes } from '#engine/volume/size.ts';
import { chainIds, type Digest } from '#store/digest.ts';
import type { ImageRecord, SnapshotDriver } from '#store/store.ts';
import { diskUsageOf } from './container-size.ts';

export interface ImageUse {
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
  const sizes = new Map([...blobSizes(engine), ...(await layerSizes(engine))]);
  const images = engine.store.images.list();
  const parts = new Map(images.map((image) => [image, partsOf(engine, image)] as const));
  const owners = new Map<Part, number>();
  for (const part of [...parts.values()].flatMap((own) => [...own])) owners.set(part, (owners.get(part) ?? 0) + 1);
  const sum = (of: Iterable<Part>): number => [...of].reduce((bytes, part) => bytes + (sizes.get(part) ?? 0), 0);
  const used = images.map((image): ImageUse => {
    const own = [...(parts.get(image) ?? [])];
    const shared = sum(own.filter((part) => (owners.get(part) ?? 0) > 1));
    const containers = engine.containers.usingImage(image.configDigest).length;
    return { image, size: sum(own), shared, unique: sum(own) - shared, containers };
  });
  const containers = await containersUse(engine);
  const volumes = await volumesUse(engine);
  const kept = keptImages(engine);
  const staying = used.filter((one) => one.containers > 0 || kept(one.image)).map(({ image }) => image);
  const needed = new Set([...staying.flatMap((image) => [...(parts.get(image) ?? [])]), ...leased(engine)]);
  const size = sum(sizes.keys());
  return {
    images: used,
    containers,
    volumes,
    totals: {
      images: {
        count: images.length,
        active: used.filter((one) => one.containers > 0).length,
        size,
        reclaimable: size - sum(needed),
      },
      containers: totalOf(containers, ({ state }) => state.status === 'running'),
      volumes: totalOf(volumes, ({ links }) => links > 0),
    },
  };
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
  const blobs = database.all<{ digest: Digest }>('SELECT digest FROM image_blob WHERE image = ?', configDigest);
  const chain = chainIds(layers.map(({ diffId }) => diffId));
  return new Set([...blobs.map(({ digest }) => blobPart(digest)), ...chain.map(layerPart)]);
}

function leased({ database }: Engine): Part[] {
  return database
    .all<{ kind: string; key: string }>('SELECT DISTINCT kind, key FROM lease')
    .map(({ kind, key }) => (kind === 'blob' ? blobPart(key) : layerPart(key)));
}

const BLOCK = 512;

function blobSizes({ database, root }: Engine): [Part, number][] {
  return database.all<{ digest: Digest }>('SELECT digest FROM blob').map(({ digest }) => {
    const blocks = statSync(`${root}/blobs/${digest.replace(':', '/')}`, { throwIfNoEntry: false })?.blocks ?? 0;
    return [blobPart(digest), blocks * BLOCK];
  });
}

/** A layer that both drivers have unpacked takes room twice. */
async function layerSizes(engine: Engine): Promise<Map<Part, number>> {
  const rows = engine.database.all<{ key: string; driver: SnapshotDriver }>(
    "SELECT key, driver FROM snapshot WHERE kind = 'layer'",
  );
  const sizes = new Map<Part, number>();
  for (const { key, driver } of rows) {
    const bytes = await usage(engine, driver, key);
    sizes.set(layerPart(key), (sizes.get(layerPart(key)) ?? 0) + bytes);
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
