import { isAbsolute } from 'node:path';
import { Fault } from '#base/fault.ts';
import { nearest } from '#base/nearest.ts';
import { parseBytes } from '#base/units.ts';

/** What was asked for a container's log, as `--log-driver` and `--log-opt` say it. */
export interface LogWish {
  driver?: string;
  options: Readonly<Record<string, string>>;
}

/** The same with everything decided; kept with the container. */
export type LogChoice = Required<LogWish>;

/** What counts where nothing is asked: of the configuration file (docs/configuration.md). */
export interface LogSettings {
  driver: string;
  /** Bytes of one file; undefined is the driver's own, 0 is without end. */
  maxSize: number | undefined;
  maxFile: number;
}

export interface LogDriver {
  /** How the monitor writes it (launcher/monitor.h); undefined is not at all. */
  format: 'lines' | 'json' | 'journal' | undefined;
  options: readonly string[];
  /** Bytes of one file unless something else is said. */
  maxSize: number;
}

const MEBI = 2 ** 20;
const ATTRIBUTES = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
const SIZES = ['max-size', 'max-file', 'compress', 'mode'];

/** Drivers by their name: a further one is a row here. */
export const LOG_DRIVERS: Readonly<Record<string, LogDriver>> = {
  'k8s-file': { format: 'lines', options: [...SIZES, 'path', ...ATTRIBUTES], maxSize: 10 * MEBI },
  'json-file': { format: 'json', options: [...SIZES, 'path', ...ATTRIBUTES], maxSize: 10 * MEBI },
  local: { format: 'lines', options: [...SIZES, ...ATTRIBUTES], maxSize: 20 * MEBI },
  journald: { format: 'journal', options: ['mode', ...ATTRIBUTES], maxSize: 0 },
  none: { format: undefined, options: [], maxSize: 0 },
};

export const LOG_DEFAULTS: LogSettings = { driver: 'k8s-file', maxSize: undefined, maxFile: 5 };

export function logDriver(name: string, field: string): LogDriver {
  const found = Object.hasOwn(LOG_DRIVERS, name) ? LOG_DRIVERS[name] : undefined;
  if (found !== undefined) return found;
  const meant = nearest(name, Object.keys(LOG_DRIVERS));
  throw new Fault('invalid', `read ${field}: there is no log driver "${name}"`, {
    field,
    hint: meant === undefined ? `There are: ${Object.keys(LOG_DRIVERS).join(', ')}.` : `Is "${meant}" meant?`,
  });
}

const FIELD = '--log-opt';
const refuse = (text: string, hint?: string): Fault =>
  new Fault('invalid', `read ${FIELD}: ${text}`, { field: FIELD, ...(hint === undefined ? {} : { hint }) });

const CHECKS: Readonly<Record<string, (value: string) => void>> = {
  'max-size': (value) => void maxSize(value),
  'max-file': (value) => {
    if (!/^[1-9]\d{0,2}$/.test(value)) throw refuse(`max-file=${value} is not a number from 1 to 999`);
  },
  path: (value) => {
    if (!isAbsolute(value) || value.endsWith('/')) throw refuse(`path=${value} is not the absolute path of a file`);
  },
  compress: (value) => {
    if (value === 'true') throw notThere('compress=true', 'Rotated files are kept as they are.');
    if (value !== 'false') throw refuse(`compress=${value} is neither true nor false`);
  },
  mode: (value) => {
    if (value === 'non-blocking') throw notThere('mode=non-blocking', 'A full disk never holds a container up.');
    if (value !== 'blocking') throw refuse(`mode=${value} is neither blocking nor non-blocking`);
  },
  'labels-regex': (value) => void pattern('labels-regex', value),
  'env-regex': (value) => void pattern('env-regex', value),
};

function notThere(what: string, hint: string): Fault {
  return new Fault('unsupported', `read ${FIELD}: ${what} is not there`, { field: FIELD, hint });
}

export function pattern(name: string, value: string): RegExp {
  try {
    return new RegExp(value);
  } catch {
    throw refuse(`${name}=${value} is not a regular expression`);
  }
}

/** Bytes; 0 for a log without end, which `-1` asks for. */
export function maxSize(value: string): number {
  if (value === '-1') return 0;
  const bytes = parseBytes(value, FIELD);
  if (bytes > 0) return bytes;
  throw refuse(`max-size=${value} holds nothing`, 'Write -1 for a log without a bound, --log-driver none for none.');
}

/** Decides what was left open. Throws `invalid` with the option at fault. */
export function chooseLog(wish: LogWish | undefined, settings: LogSettings): LogChoice {
  const name = wish?.driver ?? settings.driver;
  const driver = logDriver(name, '--log-driver');
  const asked = wish?.options ?? {};
  for (const [option, value] of Object.entries(asked)) {
    if (!driver.options.includes(option)) {
      const known = driver.options.length === 0 ? 'It has none.' : `It has: ${driver.options.join(', ')}.`;
      throw refuse(`the log driver ${name} has no option "${option}"`, known);
    }
    CHECKS[option]?.(value);
  }
  if (!driver.options.includes('max-size')) return { driver: name, options: asked };
  const bytes = settings.maxSize ?? driver.maxSize;
  const usual = { 'max-size': bytes === 0 ? '-1' : sizeText(bytes), 'max-file': String(settings.maxFile) };
  return { driver: name, options: { ...usual, ...asked } };
}

const sizeText = (bytes: number): string => (bytes % MEBI === 0 ? `${bytes / MEBI}m` : String(bytes));
