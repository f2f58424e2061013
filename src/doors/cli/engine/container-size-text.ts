import { formatBytes } from '#base/units.ts';
import type { ListedContainer } from '#engine/container/list.ts';
import type { Engine } from '#engine/engine.ts';
import { containerSizes } from '#engine/space/container-size.ts';

/** Whether a format shows sizes: they take a walk over all that a container has written. */
export const wantsSize = (format: string | undefined): boolean => /\.Size\b|json\s+\.\s*[|}]/.test(format ?? '');

/** `12.3kB (virtual 10MB)`: what each has written, and its image with it. */
export async function sizeTexts(engine: Engine, shown: readonly ListedContainer[]): Promise<string[]> {
  const texts: string[] = [];
  for (const { record } of shown) {
    const { SizeRw, SizeRootFs } = await containerSizes(engine, record);
    texts.push(`${formatBytes(SizeRw)} (virtual ${formatBytes(SizeRootFs)})`);
  }
  return texts;
}
