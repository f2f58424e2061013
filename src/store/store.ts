import { join } from 'node:path';
import type { Launcher } from '#kernel/launcher.ts';
import { openBlobs } from './content/blobs.ts';
import { openTrash } from './content/trash.ts';
import type { Database } from './database.ts';
import { openImages, type Images } from './image/images.ts';
import type { ImageRecord } from './image/record.ts';
import { openLeases } from './leases.ts';
import type { StoreParts } from './parts.ts';
import { parsePlatform, platformOf } from './platform.ts';
import type { GrowthLimit } from './pull/layers.ts';
import type { PullOptions } from './pull/pull.ts';
import type { PushedImage, PushOptions } from './push/push.ts';
import type { Reference } from './reference.ts';
import type { RetryPolicy } from './registry/retry.ts';
import { copySnapshotter } from './snapshot/copy.ts';
import { overlaySnapshotter } from './snapshot/overlay.ts';
import type { SnapshotDriver, Snapshotter } from './snapshot/port.ts';
import { snapshotRows } from './snapshot/rows.ts';
import type { Collected } from './upkeep/collect.ts';

export type { ImageConfig } from './image/config.ts';
export type { Images, RemovedImage } from './image/images.ts';
export type { ImageRecord } from './image/record.ts';
export type { SnapshotDriver } from './snapshot/port.ts';
export type { PullOptions } from './pull/pull.ts';
export type { PullProgress } from './pull/progress.ts';
export type { PushedImage, PushOptions } from './push/push.ts';
export type { PushProgress } from './push/progress.ts';

/** Images and the trees that containers see, below one root. Several processes may use one root at a time. */
export interface Store {
  readonly images: Images;
  /** Of the driver that the store was opened with. */
  readonly snapshots: Snapshotter;
  /** Of either driver: a tree made by one stays with it. */
  snapshotter(driver: SnapshotDriver): Snapshotter;
  /** See pull/pull.ts for the faults. */
  pull(reference: string | Reference, options?: PullOptions): Promise<ImageRecord>;
  /** Sends the image of a name to where the destination says. See push/push.ts for the faults. */
  push(name: string, destination: Reference, options?: PushOptions): Promise<PushedImage>;
  /** Removes blobs and layers that no image, container snapshot or running pull needs. */
  collect(): Promise<Collected>;
  /** Repairs what crashes have left; gives a sentence for each repair. */
  reconcile(): Promise<string[]>;
}

export interface StoreSettings {
  /** Absolute directory on one file system. */
  root: string;
  /** Opened with STORE_MIGRATIONS among its migrations. */
  database: Database;
  launcher: Launcher;
  snapshotter?: SnapshotDriver;
  /** `linux/arm64`; this machine's when left out. */
  platform?: string;
  growth?: GrowthLimit;
  retry?: RetryPolicy;
  /** Longest time without a byte from a registry, in milliseconds. */
  idleMs?: number;
}

/** Legitimate layers of zeros shrink a thousandfold; beyond the base, 200 is far above what real files reach. */
const GROWTH: GrowthLimit = { base: 1024 * 1024 * 1024, ratio: 200 };

/** Cheap: reads nothing, makes nothing, and loads what is seldom needed only then. */
export function openStore(settings: StoreSettings): Store {
  const parts = storeParts(settings);
  return {
    images: parts.images,
    snapshots: parts.snapshots,
    snapshotter: (driver) =>
      driver === parts.snapshots.driver
        ? parts.snapshots
        : openSnapshotter({ ...settings, snapshotter: driver }, parts.trash),
    pull: async (reference, options = {}) => (await import('./pull/pull.ts')).pull(parts, reference, options),
    push: async (name, destination, options = {}) =>
      (await import('./push/push.ts')).push(parts, name, destination, options),
    collect: async () => (await import('./upkeep/collect.ts')).collect(parts),
    reconcile: async () => (await import('./upkeep/reconcile.ts')).reconcile(parts),
  };
}

function storeParts(settings: StoreSettings): StoreParts {
  const { root, database, launcher, platform, retry, idleMs } = settings;
  const trash = openTrash(root, launcher);
  return {
    root,
    database,
    launcher,
    trash,
    platform: platform === undefined ? platformOf(process.arch) : parsePlatform(platform),
    blobs: openBlobs(root, database, trash),
    leases: openLeases(database),
    images: openImages(database),
    snapshots: openSnapshotter(settings, trash),
    growth: settings.growth ?? GROWTH,
    transport: { ...(retry === undefined ? {} : { retry }), ...(idleMs === undefined ? {} : { idleMs }) },
  };
}

function openSnapshotter(settings: StoreSettings, trash: StoreParts['trash']): Snapshotter {
  const { root, database, launcher, snapshotter: driver = 'overlay' } = settings;
  const base = join(root, 'snapshots', driver);
  const parts = { base, database, launcher, trash, rows: snapshotRows(database, driver) };
  return driver === 'overlay' ? overlaySnapshotter(parts) : copySnapshotter(parts, root);
}
