import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, sentence } from '#base/fault.ts';
import { DEFAULT_CONFIG, readConfig, type Config } from './config.ts';

export interface ConfigPlace {
  /** The file that was named (`--config`, `SAMPAN_CONFIG`); it has to be there. */
  named: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  isRoot: boolean;
}

/** The file that counts: the one named, root's own, or the user's; undefined when there is none. */
export function configFile({ named, env, isRoot }: ConfigPlace): string | undefined {
  if (named !== undefined && named !== '') return named;
  const user = join(env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? '/root', '.config'), 'sampan', 'config.toml');
  const places = isRoot ? ['/etc/sampan/config.toml', user] : [user];
  return places.find((path) => existsSync(path));
}

/** Reads it. Where there is none, nothing more is loaded. Throws `invalid` with the file, the line or the key. */
export async function loadConfig(place: ConfigPlace): Promise<Config> {
  const path = configFile(place);
  if (path === undefined) return DEFAULT_CONFIG;
  const text = readText(path);
  const { parseToml } = await import('#base/toml.ts');
  try {
    return readConfig(parseToml(text));
  } catch (error) {
    const { kind = 'internal', hint, field } = error instanceof Fault ? error : {};
    throw new Fault(kind, `read ${path}: ${sentence(error)}`, {
      facts: { path },
      ...(hint === undefined ? {} : { hint }),
      ...(field === undefined ? {} : { field }),
    });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Fault(missing ? 'notFound' : 'denied', `read the configuration ${path}`, { cause, field: '--config' });
  }
}
