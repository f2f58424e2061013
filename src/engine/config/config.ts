import { GC_DEFAULTS, readGc, type GcSettings } from './gc.ts';
import { checkKeys, type Table } from './keys.ts';

/** What the configuration file says (docs/configuration.md), with the defaults where it says nothing. */
export interface Config {
  gc: GcSettings;
}

export const DEFAULT_CONFIG: Config = { gc: GC_DEFAULTS };

/** Tables by their name: a further one is a row here. */
const TABLES = { gc: readGc } as const;

/** Throws `invalid` with the key at fault. */
export function readConfig(value: Table): Config {
  checkKeys('', value, Object.keys(TABLES));
  return { gc: TABLES.gc(value['gc'] ?? {}) };
}
