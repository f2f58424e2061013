import { Fault } from '#base/fault.ts';

export interface PasswordCredentials {
  username: string;
  password: string;
}

/** What some registries give instead of keeping a password: it buys tokens, by OAuth's refresh. */
export interface IdentityCredentials {
  identityToken: string;
}

export type Credentials = PasswordCredentials | IdentityCredentials;

type Answer = Credentials | undefined;

/** Looks credentials up for a repository as references name it: `docker.io` and `library/debian`. */
export type CredentialSource = (registry: string, repository: string) => Answer | Promise<Answer>;

/** A file of credentials: Docker's config.json or containers-auth.json(5), which are much the same. */
export interface AuthConfig {
  /** By registry, or by the beginning of a repository's name (`quay.io/team`). */
  auths: ReadonlyMap<string, Credentials>;
  /** Names of helper programs by registry. */
  helpers: ReadonlyMap<string, string>;
  /** The helper program for all registries. */
  store: string | undefined;
}

const DOCKER_HUB = new Set(['index.docker.io', 'registry-1.docker.io', 'docker.io']);

/** Throws `invalid`, with the field and never its value. */
export function parseAuthConfig(value: unknown): AuthConfig {
  const config = asObject(value ?? {}, 'the file');
  const auths = new Map<string, Credentials>();
  for (const [key, entry] of Object.entries(asObject(config['auths'] ?? {}, '"auths"'))) {
    const credentials = readEntry(key, entry);
    if (credentials !== undefined) auths.set(canonicalKey(key), credentials);
  }
  const helpers = Object.entries(asObject(config['credHelpers'] ?? {}, '"credHelpers"')).map(
    ([key, name]) => [canonicalKey(key), helperName(name, `credHelpers["${key}"]`)] as const,
  );
  const store = config['credsStore'] ?? '';
  return { auths, helpers: new Map(helpers), store: store === '' ? undefined : helperName(store, 'credsStore') };
}

/** Where credentials for a repository may be filed, the most particular first: each path above it, then the registry. */
export function keysFor(registry: string, repository: string): string[] {
  const parts = repository === '' ? [] : repository.split('/');
  return [...parts.keys(), parts.length].reverse().map((count) => [registry, ...parts.slice(0, count)].join('/'));
}

/** A key as we file it. Docker's are URLs at times, and Docker Hub's is one of its first version. */
export function canonicalKey(key: string): string {
  const isUrl = /^https?:\/\//.test(key);
  const [host = '', ...path] = key.replace(/^https?:\/\//, '').split('/');
  const registry = DOCKER_HUB.has(host) ? 'docker.io' : host;
  return isUrl || path[0] === 'v1' || path[0] === 'v2' || path.join('') === ''
    ? registry
    : [registry, ...path].join('/');
}

function readEntry(key: string, value: unknown): Credentials | undefined {
  const { auth, username, password, identitytoken } = asObject(value ?? {}, `auths["${key}"]`);
  if (typeof identitytoken === 'string' && identitytoken !== '') return { identityToken: identitytoken };
  if (typeof auth === 'string' && auth !== '') {
    const text = Buffer.from(auth, 'base64').toString();
    const colon = text.indexOf(':');
    if (colon < 1)
      throw new Fault('invalid', `read the credentials: auths["${key}"].auth is not USER:PASSWORD in base64`);
    return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
  }
  return typeof username === 'string' && typeof password === 'string' ? { username, password } : undefined;
}

/** It becomes part of a program's name, so it must not lead to another directory. */
function helperName(value: unknown, field: string): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(value)) return value;
  throw new Fault('invalid', `read the credentials: ${field} is not the name of a credential helper`, { field });
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Fault('invalid', `read the credentials: ${what} is not an object`);
}
