import { Fault } from '#base/fault.ts';

export interface Credentials {
  username: string;
  password: string;
}

/** Looks credentials up for a registry as references name it (`docker.io`, `127.0.0.1:5000`). */
export type CredentialSource = (registry: string) => Credentials | undefined;

const DOCKER_HUB = new Set(['index.docker.io', 'registry-1.docker.io', 'docker.io']);

/**
 * Reads the value of Docker's config.json or of containers-auth.json(5): `auths` maps a registry (or a URL of one) to
 * `auth` (base64 of user:password) or to `username` and `password`. Throws `invalid`.
 */
export function credentialsFromFile(value: unknown): CredentialSource {
  const auths = (value as { auths?: unknown } | null)?.auths ?? {};
  if (typeof auths !== 'object') throw new Fault('invalid', 'read the credentials: "auths" is not an object');
  const known = new Map<string, Credentials>();
  for (const [key, entry] of Object.entries(auths as Record<string, unknown>)) {
    const credentials = readEntry(key, entry);
    if (credentials !== undefined) known.set(registryOf(key), credentials);
  }
  return (registry) => known.get(registryOf(registry));
}

function registryOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return DOCKER_HUB.has(host) ? 'docker.io' : host;
}

function readEntry(key: string, entry: unknown): Credentials | undefined {
  const { auth, username, password } = (entry ?? {}) as { auth?: unknown; username?: unknown; password?: unknown };
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString();
    const colon = text.indexOf(':');
    if (colon < 1)
      throw new Fault('invalid', `read the credentials: auths["${key}"].auth is not USER:PASSWORD in base64`);
    return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
  }
  return typeof username === 'string' && typeof password === 'string' ? { username, password } : undefined;
}
