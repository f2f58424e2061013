import { statSync, utimesSync } from 'node:fs';
import { Fault, isFault } from '#base/fault.ts';
import type { Implied } from '#kernel/launcher.ts';
import { copyRootAttributes, type DriverParts } from './directories.ts';

/**
 * What a layer says nothing of is as in the layers below it, given top first. Most layers list all but the root, so
 * that one needs no launcher.
 */
export async function settleImplied(
  { launcher }: DriverParts,
  tree: string,
  layers: readonly string[],
  implied: readonly Implied[],
): Promise<void> {
  const [top] = layers;
  const others = implied.filter(({ path }) => path !== '');
  if (top !== undefined && others.length < implied.length) {
    copyRootAttributes(top, tree);
    const { atimeMs, mtimeMs } = statSync(top);
    utimesSync(tree, atimeMs / 1000, mtimeMs / 1000);
  }
  if (others.length === 0) return;
  await launcher.imply(tree, layers, others).catch((error: unknown) => {
    // A link to nowhere, or through a link, is the layer's fault.
    if (!isFault(error, 'notFound', 'invalid')) throw error;
    throw new Fault('corrupt', 'unpack the layer', { cause: error, facts: error.facts });
  });
}
