import { lstatSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Fault, isFault, sentence } from '#base/fault.ts';
import type { StoreParts } from '#store/parts.ts';
import { compressionOf } from '#store/archive/decompress.ts';
import { syncFileSystem } from '#store/pull/sync.ts';
import { unpackLayer } from '#store/pull/unpack.ts';
import { verified } from '#store/pull/verified.ts';
import type { LayerDraft, Snapshotter } from '#store/snapshot/port.ts';
import { differences } from './compare.ts';
import { expectedTree } from './expected-tree.ts';
import type { LayerSubject } from './subjects.ts';
import { treeFacts } from './tree-facts.ts';

/** A layer unpacked anew, beside the one that is looked at. */
export interface Rebuilt {
  draft: LayerDraft;
  /** Bytes of its files. */
  size: number;
  /** What is different in the layer there is; undefined when there is none. */
  differences: string[] | undefined;
}

/**
 * Unpacks the layer anew from its blob into a work area and compares it with the one there is: names, kinds, content,
 * modes, owners, attributes, whole seconds of times, and for overlay the marks of what is deleted. What unpacking
 * gives is what counts, so nothing has to be known here of how it is done.
 */
export async function rebuildLayer(
  parts: StoreParts,
  snapshots: Snapshotter,
  { chainId, parent, layer }: LayerSubject,
  area: string,
  signal: AbortSignal | undefined,
): Promise<Rebuilt> {
  const since = Date.now() / 1000 - 2;
  const own = join(area, `${snapshots.driver}-${chainId.slice(-16)}`);
  mkdirSync(own, { mode: 0o700 });
  const draft = snapshots.draft(join(own, 'draft'));
  const { size, implied } = await unpackLayer({
    source: verified(parts.blobs.stream(layer.digest), layer),
    compression: compressionOf(layer.mediaType),
    diffId: layer.diffId,
    tree: draft.tree,
    limit: parts.growth.base + parts.growth.ratio * layer.size,
    launcher: parts.launcher,
    signal: signal ?? new AbortController().signal,
  });
  await draft.seal(parent, implied);
  const there = treePath(snapshots, chainId);
  if (there === undefined) return { draft, size, differences: undefined };
  const expected = await treeFacts(packed(parts, draft.sealed())).catch(cannotCompare);
  const found = await treeFacts(packed(parts, there)).then(
    (actual) => [...rootDifferences(draft.sealed(), there), ...differences(expected, actual, since)],
    (error: unknown) => [`/: cannot be read: ${sentence(error)}`],
  );
  return { draft, size, differences: found };
}

/** Puts the rebuilt layer in place; see LayerDraft.replace for the containers that stand on the old one. */
export async function mendLayer(
  parts: StoreParts,
  { chainId, parent }: LayerSubject,
  { draft, size }: Rebuilt,
  area: string,
): Promise<{ mended: boolean; outcome: string }> {
  await syncFileSystem(parts.launcher, area);
  let users: number;
  try {
    users = parts.database.durably(() => draft.replace({ chainId, parent, size }));
  } catch (error) {
    if (!isFault(error, 'conflict')) throw error;
    return { mended: false, outcome: sentence(error) };
  }
  const [containers, verb] = users === 1 ? ['container', 'is'] : [`${users} containers`, 'are'];
  const stay = `; the old files stay until the ${containers} on them ${verb} removed`;
  return { mended: true, outcome: `unpacked again${users === 0 ? '' : stay}` };
}

/** The tree as it is, in overlay form. Nothing is mounted for one directory. */
function packed({ launcher }: StoreParts, tree: string): AsyncIterable<Uint8Array> {
  return launcher.pack({
    base: join(tree, '..'),
    upper: [basename(tree)],
    lower: [],
    over: false,
    form: 'marks',
    point: '/',
  });
}

/** What the packer cannot walk: a tree deeper than 2,000 directories. */
function cannotCompare(cause: unknown): never {
  throw new Fault('unsupported', 'compare a layer with what its blob gives', { cause });
}

function treePath(snapshots: Snapshotter, chainId: string): string | undefined {
  if (!snapshots.has(chainId)) return undefined;
  try {
    const mount = snapshots.mounts(chainId);
    return mount.kind === 'directory' ? mount.path : join(mount.base, mount.lower[0] ?? '');
  } catch (error) {
    if (isFault(error, 'notFound', 'corrupt')) return undefined;
    throw error;
  }
}

/**
 * Whether the layer is what its blob gives, found without unpacking it. False says nothing yet: rebuildLayer decides.
 * Only for overlay, as a copied tree holds the layers below, too.
 */
export async function looksRight(
  parts: StoreParts,
  snapshots: Snapshotter,
  { chainId, parent, layer }: LayerSubject,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const there = snapshots.driver === 'overlay' ? treePath(snapshots, chainId) : undefined;
  if (there === undefined) return false;
  try {
    const source = verified(parts.blobs.stream(layer.digest), layer);
    const limit = parts.growth.base + parts.growth.ratio * layer.size;
    const expected = await expectedTree(source, compressionOf(layer.mediaType), limit, signal);
    if (expected === undefined) return false;
    const { mode, uid, gid } = lstatSync(there);
    const { tree } = expected;
    const root = expected.root ?? rootBelow(snapshots, parent);
    if (root.mode !== (mode & 0o7777) || root.uid !== uid || root.gid !== gid) return false;
    return differences(tree, await treeFacts(packed(parts, there)), Number.MAX_VALUE).length === 0;
  } catch (error) {
    if (isFault(error, 'cancelled')) throw error;
    return false;
  }
}

function rootBelow(snapshots: Snapshotter, parent: string | undefined): { mode: number; uid: number; gid: number } {
  const below = parent === undefined ? undefined : treePath(snapshots, parent);
  if (below === undefined) return { mode: 0o755, uid: 0, gid: 0 };
  const { mode, uid, gid } = lstatSync(below);
  return { mode: mode & 0o7777, uid, gid };
}

/** An archive of a tree has no entry for its root. */
function rootDifferences(expected: string, actual: string): string[] {
  const [one, other] = [lstatSync(expected), lstatSync(actual)];
  const words = [
    ...(one.mode === other.mode ? [] : ['mode']),
    ...(one.uid === other.uid && one.gid === other.gid ? [] : ['owner']),
  ];
  return words.length === 0 ? [] : [`/: ${words.join(', ')}`];
}
