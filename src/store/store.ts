import { join } from 'node:path';
import type { Launcher } from '#kernel/launcher.ts';
import type { CommitRequest } from './commit/commit.ts';
import { openBlobs } from './content/blobs.ts';
import { openTrash } from './content/trash.ts';
import type { Documents } from './copy/documents.ts';
import type { ContentPlace } from './copy/open.ts';
import type { Copied } from './copy/port.ts';
import type { CopyContentOptions } from './copy/use.ts';
import type { Database } from './database.ts';
import type { Digest } from './digest.ts';
import type { HistoryStep } from './image/history.ts';
import { openImages, type Images } from './image/images.ts';
import { meantName } from './image/meant.ts';
import type { ImageRecord } from './image/record.ts';
import type { ChangeRequest } from './index/change.ts';
import { openIndexes, type Indexes } from './index/indexes.ts';
import type { UnpackOptions } from './index/unpack.ts';
import type { ImportRequest } from './import/import.ts';
import { openLeases } from './leases.ts';
import type { LoadedImage, LoadInput, LoadOptions } from './load/load.ts';
import type { LoadedContent } from './load/load-all.ts';
import type { StoreParts } from './parts.ts';
import { parsePlatform, platformOf } from './platform.ts';
import type { GrowthLimit } from './pull/layers.ts';
import type { PullOptions } from './pull/pull.ts';
import type { PushedImage, PushOptions } from './push/push.ts';
import type { Reference } from './reference.ts';
import type { RetryPolicy } from './registry/retry.ts';
import type { SavedFile, SaveFormat } from './save/save.ts';
import type { ChangesRequest, TreeChange } from './snapshot/changes.ts';
import { copySnapshotter } from './snapshot/copy.ts';
import { overlaySnapshotter } from './snapshot/overlay.ts';
import type { SnapshotDriver, Snapshotter } from './snapshot/port.ts';
import { snapshotRows } from './snapshot/rows.ts';
import { collect, collectable, unneeded, type Collected, type Unneeded } from './upkeep/collect.ts';
import { forgetUnfinished, rehearseForgetting } from './upkeep/unfinished.ts';
import type { Verified } from './verify/finding.ts';
import type { VerifyOptions } from './verify/verify.ts';

export type { Finding, Verified, VerifyProgress } from './verify/finding.ts';
export type { CommitRequest } from './commit/commit.ts';
export type { ContentPlace } from './copy/open.ts';
export type { Copied } from './copy/port.ts';
export type { CopyContentOptions } from './copy/use.ts';
export type { ImageConfig } from './image/config.ts';
export type { HistoryStep } from './image/history.ts';
export type { Images, RemovedImage } from './image/images.ts';
export type { ImageRecord } from './image/record.ts';
export type { ChangeRequest } from './index/change.ts';
export type { IndexRecord } from './index/indexes.ts';
export type { ImportRequest } from './import/import.ts';
export type { LoadedImage, LoadInput, LoadOptions } from './load/load.ts';
export type { LoadedContent } from './load/load-all.ts';
export type { SavedFile, SaveFormat } from './save/save.ts';
export type { SnapshotDriver } from './snapshot/port.ts';
export type { ChangesRequest, TreeChange } from './snapshot/changes.ts';
export type { PullOptions } from './pull/pull.ts';
export type { PullProgress } from './pull/progress.ts';
export type { PushedImage, PushOptions } from './push/push.ts';
export type { PushProgress } from './push/progress.ts';

/** Images and the trees that containers see, below one root. Several processes may use one root at a time. */
export interface Store {
  readonly images: Images;
  readonly indexes: Indexes;
  /** Of the driver that the store was opened with. */
  readonly snapshots: Snapshotter;
  /** Of either driver: a tree made by one stays with it. */
  snapshotter(driver: SnapshotDriver): Snapshotter;
  /** See pull/pull.ts for the faults. */
  pull(reference: string | Reference, options?: PullOptions): Promise<ImageRecord>;
  /** Brings images from an archive or a layout directory; see load/load.ts for the faults. */
  load(input: LoadInput, options?: LoadOptions): Promise<LoadedImage[]>;
  /** As `load`, keeping whole indexes and artifacts; see load/load-all.ts. */
  loadAll(input: LoadInput, options?: LoadOptions): Promise<LoadedContent[]>;
  /** Makes an image out of a root file system; see import/import.ts. */
  import(request: ImportRequest): Promise<ImageRecord>;
  /** Hands the files of images over to be written somewhere; see save/save.ts. */
  save(
    names: readonly string[],
    format: SaveFormat,
    write: (files: readonly SavedFile[]) => Promise<void>,
  ): Promise<void>;
  /** As `save`, with whole indexes; see save/save-all.ts. */
  saveAll: Store['save'];
  /** Hands over the tree of a container's snapshot as a tar archive; see snapshot/export.ts. */
  export(
    driver: SnapshotDriver,
    key: string,
    write: (archive: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void>;
  /** What a tree changes of another one; see snapshot/changes.ts. */
  changes(request: ChangesRequest): Promise<TreeChange[]>;
  /** Makes an image out of what a container has changed; see commit/commit.ts. */
  commit(request: CommitRequest): Promise<ImageRecord>;
  /** How an image was made, newest step first. */
  history(image: ImageRecord): Promise<HistoryStep[]>;
  /** Sends the image of a name to where the destination says. See push/push.ts for the faults. */
  push(name: string, destination: Reference, options?: PushOptions): Promise<PushedImage>;
  /** Compares all that is stored with its digests, and mends it; see verify/verify.ts. */
  verify(options: VerifyOptions): Promise<Verified>;
  /** Copies content between any two places; see copy/copy.ts. */
  copy(from: ContentPlace, to: ContentPlace, options: CopyContentOptions): Promise<Copied>;
  /** Makes or changes an index; see index/change.ts. */
  changeIndex(request: ChangeRequest): Promise<Digest>;
  /** The document that a place names, and with `deep` those that an index names; see copy/documents.ts. */
  documents(place: ContentPlace, deep: boolean): Promise<Documents>;
  /** All tags of a repository. */
  tags(place: ContentPlace): Promise<string[]>;
  /** Makes an image of an index that is kept ready to run; see index/unpack.ts. */
  unpackMember(name: string, options?: UnpackOptions): Promise<ImageRecord | undefined>;
  /** Removes blobs and layers that no image, container snapshot or running pull needs. */
  collect(): Promise<Collected>;
  /** Lets go of what is kept for pulls that were cut off; gives the bytes of beginnings of blobs. */
  forgetUnfinished(): number;
  /** The same in a transaction that will be rolled back: touches no file. */
  rehearseForgetting(): number;
  /** What `collect` would remove at this moment; joins a transaction. */
  collectable(): Collected;
  /** The same one by one; inside a transaction. */
  unneeded(): Unneeded;
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
  /** Most bytes of one request of an upload. */
  uploadChunk?: number;
  /** Names in full that a name without a registry may mean besides what Docker means by it. */
  shortNames?: (text: string) => readonly string[];
}

/** Legitimate layers of zeros shrink a thousandfold; beyond the base, 200 is far above what real files reach. */
const GROWTH: GrowthLimit = { base: 1024 * 1024 * 1024, ratio: 200 };

const DRIVERS = ['overlay', 'copy'] as const satisfies readonly SnapshotDriver[];

/** Cheap: reads nothing, makes nothing, and loads what is seldom needed only then. */
export function openStore(settings: StoreSettings): Store {
  const parts = storeParts(settings);
  const snapshotter = (driver: SnapshotDriver): Snapshotter =>
    driver === parts.snapshots.driver
      ? parts.snapshots
      : openSnapshotter({ ...settings, snapshotter: driver }, parts.trash);
  return {
    images: parts.images,
    indexes: parts.indexes,
    snapshots: parts.snapshots,
    snapshotter,
    export: async (driver, key, write) =>
      (await import('./snapshot/export.ts')).exportSnapshot(parts, snapshotter(driver).mounts(key), write),
    changes: async (request) => (await import('./snapshot/changes.ts')).changesOf(parts, request),
    commit: async (request) => (await import('./commit/commit.ts')).commitTree(parts, request),
    pull: async (reference, options = {}) => (await import('./pull/pull.ts')).pull(parts, reference, options),
    load: async (input, options = {}) => (await import('./load/load.ts')).load(parts, input, options),
    loadAll: async (input, options = {}) => (await import('./load/load-all.ts')).loadAll(parts, input, options),
    import: async (request) => (await import('./import/import.ts')).importImage(parts, request),
    save: async (names, format, write) => (await import('./save/save.ts')).save(parts, names, format, write),
    saveAll: async (names, format, write) => (await import('./save/save-all.ts')).saveAll(parts, names, format, write),
    history: async (image) => (await import('./image/history.ts')).historyOf(parts, image),
    push: async (name, destination, options = {}) =>
      (await import('./push/push.ts')).push(parts, name, destination, options),
    verify: async (options) =>
      (await import('./verify/verify.ts')).verifyStore(parts, DRIVERS.map(snapshotter), options),
    copy: async (from, to, options) => (await import('./copy/use.ts')).copyBetween(parts, from, to, options),
    changeIndex: async (request) => (await import('./index/change.ts')).changeIndex(parts, request),
    documents: async (place, deep) => (await import('./copy/documents.ts')).documentsAt(parts, place, deep),
    tags: async (place) => (await import('./copy/tags.ts')).tagsAt(parts, place),
    unpackMember: async (name, options = {}) => (await import('./index/unpack.ts')).unpackMember(parts, name, options),
    collect: async () => collect(parts),
    collectable: () => collectable(parts),
    unneeded: () => unneeded(parts),
    forgetUnfinished: () => forgetUnfinished(parts),
    rehearseForgetting: () => rehearseForgetting(parts),
    reconcile: async () => (await import('./upkeep/reconcile.ts')).reconcile(parts),
  };
}

function storeParts(settings: StoreSettings): StoreParts {
  const { root, database, launcher, platform, retry, idleMs, uploadChunk } = settings;
  const trash = openTrash(root, launcher);
  const host = platform === undefined ? platformOf(process.arch) : parsePlatform(platform);
  const meant = meantName(database, settings.shortNames ?? (() => []));
  return {
    root,
    database,
    launcher,
    trash,
    platform: host,
    blobs: openBlobs(root, database, trash),
    leases: openLeases(database),
    images: openImages(database, host, meant),
    indexes: openIndexes(database, meant),
    snapshots: openSnapshotter(settings, trash),
    growth: settings.growth ?? GROWTH,
    transport: {
      ...(retry === undefined ? {} : { retry }),
      ...(idleMs === undefined ? {} : { idleMs }),
      ...(uploadChunk === undefined ? {} : { uploadChunk }),
    },
  };
}

function openSnapshotter(settings: StoreSettings, trash: StoreParts['trash']): Snapshotter {
  const { root, database, launcher, snapshotter: driver = 'overlay' } = settings;
  const base = join(root, 'snapshots', driver);
  const parts = { base, database, launcher, trash, rows: snapshotRows(database, driver) };
  return driver === 'overlay' ? overlaySnapshotter(parts) : copySnapshotter(parts, root);
}
