import { parseBytes, parseDuration } from '#base/units.ts';
import { asTable, bad, checkKeys, type Table } from './keys.ts';

/** Bytes that the store's content takes, or a part (0 to 1) of its file system in use, by whomever. */
export type Mark = { bytes: number } | { part: number };

/** When room is made without being asked, and what has to stay. */
export interface GcSettings {
  enabled: boolean;
  /** Room is made when this is passed, */
  high: Mark;
  /** until this is reached or nothing more may go. */
  low: Mark;
  /** Images used or pulled within so many milliseconds stay. */
  minAge: number;
  /** Names or patterns of names that stay. */
  keep: readonly string[];
  /** Milliseconds between two looks. */
  every: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export const GC_DEFAULTS: GcSettings = {
  enabled: true,
  high: { part: 0.9 },
  low: { part: 0.8 },
  minAge: 7 * DAY,
  keep: [],
  every: HOUR,
};

export function readGc(value: unknown): GcSettings {
  const table = asTable('gc', value);
  checkKeys('gc', table, ['enabled', 'high', 'low', 'min_age', 'keep', 'every']);
  const read = <T>(key: string, how: (field: string, value: unknown) => T, otherwise: T): T =>
    table[key] === undefined ? otherwise : how(`gc.${key}`, table[key]);
  const high = read('high', markOf, GC_DEFAULTS.high);
  const settings: GcSettings = {
    enabled: read('enabled', truthOf, GC_DEFAULTS.enabled),
    high,
    low: read('low', markOf, table['high'] === undefined ? GC_DEFAULTS.low : below(high)),
    minAge: read('min_age', timeOf, GC_DEFAULTS.minAge),
    keep: read('keep', textsOf, GC_DEFAULTS.keep),
    every: read('every', timeOf, GC_DEFAULTS.every),
  };
  checkOrder(settings, table);
  return settings;
}

/** Where only the high mark is given. */
function below(high: Mark): Mark {
  return 'part' in high ? { part: high.part * (8 / 9) } : { bytes: Math.floor(high.bytes * (8 / 9)) };
}

function checkOrder({ high, low }: GcSettings, table: Table): void {
  if ('part' in high !== 'part' in low) {
    throw bad('gc.low', table['low'], 'of the same kind as "gc.high": both a size, or both a part of the file system');
  }
  const [top, bottom] = 'part' in high && 'part' in low ? [high.part, low.part] : [bytesIn(high), bytesIn(low)];
  if (bottom > top) throw bad('gc.low', table['low'] ?? '', 'no higher than "gc.high"');
}

const bytesIn = (mark: Mark): number => ('bytes' in mark ? mark.bytes : 0);

function markOf(field: string, value: unknown): Mark {
  const percent = typeof value === 'string' ? /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(value)?.[1] : undefined;
  if (percent !== undefined && Number(percent) <= 100) return { part: Number(percent) / 100 };
  if (percent !== undefined || typeof value !== 'string') throw bad(field, value, 'a size such as "10GB", or "85%"');
  return { bytes: parseBytes(value, field) };
}

function truthOf(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw bad(field, value, 'true or false');
}

function timeOf(field: string, value: unknown): number {
  const days = typeof value === 'string' ? /^(\d+)d$/.exec(value)?.[1] : undefined;
  const time = days === undefined ? parseDuration(String(value)) : Number(days) * DAY;
  if (typeof value === 'string' && time !== undefined) return time;
  throw bad(field, value, 'a length of time such as "72h", "90m" or "7d"');
}

function textsOf(field: string, value: unknown): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw bad(field, value, 'a list of names or patterns, such as ["debian:12", "registry.example/team/*"]');
}
