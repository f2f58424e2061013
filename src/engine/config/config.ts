import { CDI_DEFAULTS, readCdiSettings, type CdiSettings } from './cdi.ts';
import { GC_DEFAULTS, readGc, type GcSettings } from './gc.ts';
import { LOG_DEFAULTS, type LogSettings } from '#engine/log/drivers.ts';
import { checkKeys, type Table } from './keys.ts';
import { readLogSettings } from './logs.ts';

/** What the configuration file says (docs/configuration.md), with the defaults where it says nothing. */
export interface Config {
  gc: GcSettings;
  logs: LogSettings;
  cdi: CdiSettings;
}

export const DEFAULT_CONFIG: Config = { gc: GC_DEFAULTS, logs: LOG_DEFAULTS, cdi: CDI_DEFAULTS };

/** Tables by their name: a further one is a row here. */
const TABLES = { gc: readGc, logs: readLogSettings, cdi: readCdiSettings } as const;

/** Throws `invalid` with the key at fault. */
export function readConfig(value: Table): Config {
  checkKeys('', value, Object.keys(TABLES));
  return {
    gc: TABLES.gc(value['gc'] ?? {}),
    logs: TABLES.logs(value['logs'] ?? {}),
    cdi: TABLES.cdi(value['cdi'] ?? {}),
  };
}
