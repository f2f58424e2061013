import type { Implied } from '#kernel/launcher.ts';
import type { RootMount } from '#kernel/root-mount.ts';

/**
 * Snapshots: the trees that containers see, made of layers.
 *
 * Words. A *layer* is committed, read-only and named by its chain ID (`sha256:...`, the identity of it and of all
 * below it). A *container snapshot* is one container's writable tree on top of a layer and named by a key that the
 * caller chooses. A *draft* is a layer being unpacked; nobody else sees it.
 *
 * Life of a layer. `draft(directory)` makes an empty tree inside a directory of the caller (on the store's file
 * system; when the caller dies, whoever removes that directory removes the draft). The layer is unpacked into
 * `draft.tree` in overlay form: a deleted file is a character device 0:0, a directory that hides everything below it
 * has `trusted.overlay.opaque=y`. `seal(parent)` completes it, drafts of one stack in order from the bottom.
 * When all is on disk, `commit` puts it in place inside the caller's database transaction; if the same chain ID has
 * come into place meanwhile, nothing happens and the draft is left to be thrown away.
 *
 *     const draft = snapshots.draft(work);
 *     await unpack(layer, draft.tree);
 *     await draft.seal(undefined);
 *     database.transaction(() => draft.commit({ chainId, parent: undefined, size }));
 *     const root = await snapshots.prepare('container-1', chainId);
 *
 * Nothing is mounted here: a RootMount is a description that the launcher turns into a mount inside the container's
 * own mount namespace. Chain IDs and container keys share one space of names. All calls are safe against other
 * processes on the same root. Faults: `notFound` for an unknown key or parent, `alreadyExists` for a key in use,
 * `conflict` for removing a layer that others stand on, `corrupt` when a row's directory has gone, `exhausted` for a
 * full disk.
 */
export interface Snapshotter {
  readonly driver: SnapshotDriver;
  /** True when the layer is committed and its directory is there. */
  has(chainId: string): boolean;
  draft(directory: string): LayerDraft;
  /** Makes the writable snapshot `key` on the layer `parent` (undefined or empty: on nothing). */
  prepare(key: string, parent: string | undefined): Promise<RootMount>;
  /** The mount of a container snapshot, or a layer's own view (its upper and work are then empty strings). */
  mounts(key: string): RootMount;
  /** Bytes of the files of a layer and of all below it, as they were committed. */
  size(chainId: string): number;
  /** Removes a container snapshot, or a layer with nothing on top. A missing one is fine. */
  remove(key: string): Promise<void>;
  /** What the snapshot itself takes on disk, without its parents. */
  usage(key: string): Promise<SnapshotUsage>;
  list(): SnapshotInfo[];
}

export type SnapshotDriver = 'overlay' | 'copy';

export interface LayerDraft {
  /** Absolute path of the directory to unpack into. */
  readonly tree: string;
  /**
   * Completes the draft on top of a committed layer's chain ID, another sealed draft, or nothing. Directories that the
   * layer does not list get the attributes they have below; with nothing but marks in them, and none below, they go.
   */
  seal(parent: string | LayerDraft | undefined, implied?: readonly Implied[]): Promise<void>;
  /** Absolute path of the tree that `commit` puts in place, once it is sealed. */
  sealed(): string;
  /** Puts the sealed draft in place under its chain ID; synchronous, inside a transaction. */
  commit(layer: CommittedLayer): void;
  /**
   * The same in the place of a damaged layer. Under a running container no file may change, so the new tree gets a
   * directory of its own, the layers above move over to it, and the old one stays until the containers that there are
   * now have been removed; a container that is started anew sees the new one. Gives the number of those containers.
   */
  replace(layer: CommittedLayer): number;
}

export interface CommittedLayer {
  chainId: string;
  /** Chain ID of the layer below. */
  parent: string | undefined;
  /** Bytes of the files that the layer itself brings. */
  size: number;
}

export interface SnapshotUsage {
  /** Allocated on disk; an inode with several names counts once. */
  bytes: number;
  inodes: number;
}

export interface SnapshotInfo {
  key: string;
  kind: 'layer' | 'container';
  parent: string | undefined;
  /** Milliseconds since 1970. */
  created: number;
}
