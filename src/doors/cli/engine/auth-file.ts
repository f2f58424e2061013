import { existsSync, readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';

/** Credentials files in the order in which they are looked at: containers' own, then docker's. */
export function readAuthFile(env: Record<string, string | undefined>): unknown {
  const home = env['HOME'] ?? '/root';
  const runtime = env['XDG_RUNTIME_DIR'];
  const places = [
    env['REGISTRY_AUTH_FILE'],
    runtime === undefined ? '/run/containers/0/auth.json' : `${runtime}/containers/auth.json`,
    `${env['XDG_CONFIG_HOME'] ?? `${home}/.config`}/containers/auth.json`,
    `${env['DOCKER_CONFIG'] ?? `${home}/.docker`}/config.json`,
  ];
  const path = places.find((place) => place !== undefined && existsSync(place));
  if (path === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new Fault('invalid', `read the credentials in ${path}`, { cause });
  }
}
