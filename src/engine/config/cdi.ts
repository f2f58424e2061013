import { asTable, bad, checkKeys } from './keys.ts';

/** Where devices are described that `--device vendor.com/class=name` means. */
export interface CdiSettings {
  /** The later one wins. */
  directories: readonly string[];
}

export const CDI_DEFAULTS: CdiSettings = { directories: ['/etc/cdi', '/var/run/cdi'] };

export function readCdiSettings(value: unknown): CdiSettings {
  const table = asTable('cdi', value);
  checkKeys('cdi', table, ['directories']);
  const { directories } = table;
  if (directories === undefined) return CDI_DEFAULTS;
  const isPath = (path: unknown): path is string => typeof path === 'string' && path.startsWith('/');
  if (!Array.isArray(directories) || !directories.every(isPath))
    throw bad('cdi.directories', directories, 'a list of absolute paths, such as ["/etc/cdi"]');
  return { directories };
}
