import { Fault } from './fault.ts';

const BYTE_UNITS: Record<string, number> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 };

/** `512m`, `1.5g`, `2GiB`, `100` (bytes), as docker's `--memory` reads them. `field` names the option at fault. */
export function parseBytes(text: string, field: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgtp])?(?:i?b)?$/i.exec(text.trim());
  const unit = match === null ? undefined : BYTE_UNITS[(match[2] ?? 'b').toLowerCase()];
  if (match === null || unit === undefined) {
    throw new Fault('invalid', `read ${field}: "${text}" is not a size`, {
      field,
      hint: 'Write a number with b, k, m or g, such as 512m.',
    });
  }
  return Math.floor(Number(match[1]) * unit);
}

const DECIMAL_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Four significant places in powers of 1000, as docker prints sizes: `117MB`, `1.24GB`, `0B`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < DECIMAL_UNITS.length - 1; unit += 1) value /= 1000;
  const text = Number(value.toPrecision(unit === 0 ? 15 : 3)).toString();
  return `${text}${DECIMAL_UNITS[unit]}`;
}

const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Four significant places in powers of 1024. */
export function formatBinaryBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < BINARY_UNITS.length - 1; unit += 1) value /= 1024;
  return `${Number(value.toPrecision(4))}${BINARY_UNITS[unit]}`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Upper bound of each phrase in milliseconds, as docker words durations. */
const PHRASES: readonly (readonly [number, (ms: number) => string])[] = [
  [SECOND, () => 'Less than a second'],
  [2 * SECOND, () => '1 second'],
  [MINUTE, (ms) => `${Math.floor(ms / SECOND)} seconds`],
  [2 * MINUTE, () => 'About a minute'],
  [46 * MINUTE, (ms) => `${Math.floor(ms / MINUTE)} minutes`],
  [2 * HOUR, () => 'About an hour'],
  [48 * HOUR, (ms) => `${Math.round(ms / HOUR)} hours`],
  [14 * DAY, (ms) => `${Math.floor(ms / DAY)} days`],
  [60 * DAY, (ms) => `${Math.floor(ms / (7 * DAY))} weeks`],
  [730 * DAY, (ms) => `${Math.floor(ms / (30 * DAY))} months`],
];

/** A length of time in words: `3 minutes`, `About an hour`. */
export function formatDuration(milliseconds: number): string {
  for (const [below, phrase] of PHRASES) if (milliseconds < below) return phrase(milliseconds);
  return `${Math.floor(milliseconds / (365 * DAY))} years`;
}

const DURATION_UNITS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR };

/** Go-style durations: `90s`, `1m30s`, `2h`. Milliseconds, or undefined when the text is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (DURATION_UNITS[unit ?? ''] ?? 0), 0);
}
