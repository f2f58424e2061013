/** Milliseconds of one contender, in the order they were measured. */
export type Samples = readonly number[];

/** The value below which the share `q` of the samples lies, interpolated. */
export function quantile(samples: Samples, q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('no samples');
  return below + (above - below) * (place - Math.floor(place));
}

export const median = (samples: Samples): number => quantile(samples, 0.5);

/** Median of `samples` in units of the median of `other`. */
export const ratio = (samples: Samples, other: Samples): number => median(samples) / median(other);

/** Fisher-Yates with a small generator of its own, so that the order of a run can be repeated. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    const [a, b] = [result[at], result[other]];
    if (a !== undefined && b !== undefined) [result[at], result[other]] = [b, a];
  }
  return result;
}
