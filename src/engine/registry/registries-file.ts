import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, sentence } from '#base/fault.ts';
import { parseToml } from '#base/toml.ts';
import { readRules, type RegistryRule } from '#store/registry/registries.ts';
import type { Environment } from './auth-files.ts';

/**
 * The rules for registries (containers-registries.conf(5)): of one file, the user's or else the machine's, then of those
 * dropped in beside it in the order of their names. The last rule for a prefix counts.
 */
export function registryRules(env: Environment): RegistryRule[] {
  const user = join(env['XDG_CONFIG_HOME'] ?? join(env['HOME'] ?? '/root', '.config'), 'containers');
  const places = [user, '/etc/containers'];
  const asked = env['CONTAINERS_REGISTRIES_CONF'] ?? '';
  const main =
    asked === '' ? places.map((place) => join(place, 'registries.conf')).find((path) => existsSync(path)) : asked;
  const dropped = places.reverse().flatMap((place) => droppedIn(join(place, 'registries.conf.d')));
  const rules = [...(main === undefined ? [] : [main]), ...dropped].flatMap(rulesOf);
  return [...new Map(rules.map((rule) => [rule.prefix, rule])).values()];
}

function droppedIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .map((name) => join(directory, name));
}

function rulesOf(path: string): RegistryRule[] {
  try {
    return readRules(parseToml(readFileSync(path, 'utf8')));
  } catch (error) {
    const { kind = 'denied', hint, field } = error instanceof Fault ? error : {};
    throw new Fault(kind, `read ${path}: ${sentence(error)}`, {
      ...(hint === undefined ? {} : { hint }),
      ...(field === undefined ? {} : { field }),
    });
  }
}
