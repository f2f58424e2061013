import { statSync, utimesSync } from 'node:fs';
import type { ImpliedDirectory } from '#kernel/launcher.ts';
import { copyRootAttributes, type DriverParts } from './directories.ts';

/**
 * What a layer says nothing of is as in the layers below it, given top first. Most layers list all but the root, so
 * that one needs no launcher.
 */
export async function settleImplied(
  { launcher }: DriverParts,
  tree: string,
  layers: readonly string[],
  implied: readonly ImpliedDirectory[],
): Promise<void> {
  const [top] = layers;
  const others = implied.filter(({ path }) => path !== '');
  if (top !== undefined && others.length < implied.length) {
    copyRootAttributes(top, tree);
    const { atimeMs, mtimeMs } = statSync(top);
    utimesSync(tree, atimeMs / 1000, mtimeMs / 1000);
  }
  if (others.length > 0) await launcher.imply(tree, layers, others);
}
