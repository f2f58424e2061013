import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, sentence } from '#base/fault.ts';
import { parseToml, type TomlTable } from '#base/toml.ts';
import { readRules, type RegistryRule } from '#store/registry/registries.ts';
import { NO_SHORT_NAMES, readShortNames, type ShortNames } from '#store/registry/short-names.ts';
import type { Environment } from './auth-files.ts';

/**
 * The rules for registries (containers-registries.conf(5)): of one file, the user's or else the machine's, then of those
 * dropped in beside it in the order of their names. The last rule for a prefix counts.
 */
export function registryRules(env: Environment): RegistryRule[] {
  const rules = settingsFiles(env).flatMap((path) => reading(path, readRules));
  return [...new Map(rules.map((rule) => [rule.prefix, rule])).values()];
}

/** What the same files say of short names, and over it the aliases that podman has noted for this user. */
export function shortNames(env: Environment): ShortNames {
  return [...settingsFiles(env), ...noted(env)].reduce(
    (before, path) => reading(path, (value) => readShortNames(value, before)),
    NO_SHORT_NAMES,
  );
}

function settingsFiles(env: Environment): string[] {
  const user = join(env['XDG_CONFIG_HOME'] ?? join(home(env), '.config'), 'containers');
  const places = [user, '/etc/containers'];
  const asked = env['CONTAINERS_REGISTRIES_CONF'] ?? '';
  const main =
    asked === '' ? places.map((place) => join(place, 'registries.conf')).find((path) => existsSync(path)) : asked;
  const dropped = places.reverse().flatMap((place) => droppedIn(join(place, 'registries.conf.d')));
  return [...(main === undefined ? [] : [main]), ...dropped];
}

function noted(env: Environment): string[] {
  const cache = env['XDG_CACHE_HOME'] ?? join(home(env), '.cache');
  const path = join(cache, 'containers/short-name-aliases.conf');
  return existsSync(path) ? [path] : [];
}

const home = (env: Environment): string => env['HOME'] ?? '/root';

function droppedIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .map((name) => join(directory, name));
}

function reading<T>(path: string, read: (value: TomlTable) => T): T {
  try {
    return read(parseToml(readFileSync(path, 'utf8')));
  } catch (error) {
    const { kind = 'denied', hint, field } = error instanceof Fault ? error : {};
    throw new Fault(kind, `read ${path}: ${sentence(error)}`, {
      ...(hint === undefined ? {} : { hint }),
      ...(field === undefined ? {} : { field }),
    });
  }
}
