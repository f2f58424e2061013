import { formatDuration } from '#base/units.ts';

/** A length of time within a sentence: `less than a second`. */
export function spanText(milliseconds: number): string {
  return formatDuration(Math.max(milliseconds, 0)).replace(/^[A-Z]/, (letter) => letter.toLowerCase());
}
