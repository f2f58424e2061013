import { LOG_DEFAULTS, logDriver, maxSize, type LogSettings } from '#engine/log/drivers.ts';
import { asTable, bad, checkKeys } from './keys.ts';

/** `[logs]`: how containers log that were not told otherwise when they were made. */
export function readLogSettings(value: unknown): LogSettings {
  const table = asTable('logs', value);
  checkKeys('logs', table, ['driver', 'max_size', 'max_file']);
  const { driver, max_size: size, max_file: files } = table;
  if (driver !== undefined && typeof driver !== 'string') throw bad('logs.driver', driver, 'the name of a log driver');
  if (driver !== undefined) logDriver(driver, 'logs.driver');
  return {
    driver: driver ?? LOG_DEFAULTS.driver,
    maxSize: size === undefined ? LOG_DEFAULTS.maxSize : sizeOf(size),
    maxFile: files === undefined ? LOG_DEFAULTS.maxFile : countOf(files),
  };
}

function sizeOf(value: unknown): number {
  try {
    if (typeof value === 'string') return maxSize(value);
  } catch {
    // said below, by the name of the key
  }
  throw bad('logs.max_size', value, 'a size such as "10m", or "-1" for a log without a bound');
}

function countOf(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 999) return value;
  throw bad('logs.max_file', value, 'a number from 1 to 999');
}
