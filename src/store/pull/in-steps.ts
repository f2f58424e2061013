import type { LayerSource } from './layers.ts';

/** A process that dies takes with it what the kernel has received: some megabytes of each connection to a fast registry. */
const SMALLEST_STEP = 256 * 1024;
const LARGEST_STEP = 8 * 1024 * 1024;
const STEPS = 400;

/** The same source, asked for little at a time, so that next to nothing is lost when the pull is killed. */
export function inSteps(source: LayerSource): LayerSource {
  return {
    ...source,
    blob: (digest, size, rest) => source.blob(digest, size, { start: 0, ...rest, step: stepFor(size) }),
  };
}

function stepFor(size: number): number {
  return Math.min(LARGEST_STEP, Math.max(SMALLEST_STEP, Math.ceil(size / STEPS)));
}
