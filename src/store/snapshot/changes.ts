import type { TreePair } from '#kernel/tree-packer.ts';
import { newOwner } from '#store/content/work-area.ts';
import type { StoreParts } from '#store/parts.ts';
import { stackPoint } from './trees.ts';

/** One difference between two trees. */
export interface TreeChange {
  kind: 'added' | 'changed' | 'deleted';
  /** Absolute in the tree. */
  path: string;
}

export interface ChangesRequest {
  trees: TreePair;
  /** Layers that must stay meanwhile. */
  chainIds: readonly string[];
  /** Paths that are left out, without a slash in front. */
  skip?: readonly string[];
}

const KINDS: Record<string, TreeChange['kind']> = { A: 'added', C: 'changed', D: 'deleted' };

/** What one tree changes of the other, sorted by path; the root itself is not told of. */
export async function changesOf(parts: StoreParts, request: ChangesRequest): Promise<TreeChange[]> {
  const { launcher, leases, root, database } = parts;
  const { trees, chainIds, skip = [] } = request;
  const owner = newOwner();
  database.transaction(() => {
    for (const chainId of chainIds) leases.take(owner, 'snapshot', chainId);
  });
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of launcher.pack({ ...trees, form: 'names', point: stackPoint(root), skip }))
      chunks.push(chunk);
    return parse(Buffer.concat(chunks));
  } finally {
    leases.release(owner);
  }
}

/** Sorted as bytes, which latin1 keeps apart. */
function parse(list: Buffer): TreeChange[] {
  return list
    .toString('latin1')
    .split('\0')
    .filter((item) => item.length > 1)
    .map((item) => ({ kind: KINDS[item.charAt(0)] ?? 'changed', path: item.slice(1) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ kind, path }) => ({ kind, path: `/${Buffer.from(path, 'latin1').toString()}` }));
}
