import { readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { credentialHelper } from '#store/registry/credential-helper.ts';
import {
  keysFor,
  parseAuthConfig,
  type AuthConfig,
  type Credentials,
  type CredentialSource,
} from '#store/registry/credentials.ts';

export type { Credentials, CredentialSource } from '#store/registry/credentials.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface AuthPlace {
  path: string;
  /** Whose form its keys have. */
  form: 'containers' | 'docker';
}

/** Files of credentials in the order in which they are looked at: containers' own, then docker's. */
export function authPlaces(env: Environment): AuthPlace[] {
  const home = env['HOME'] ?? '/root';
  const runtime = env['XDG_RUNTIME_DIR'];
  const containers = [
    env['REGISTRY_AUTH_FILE'] ?? '',
    runtime === undefined ? '/run/containers/0/auth.json' : `${runtime}/containers/auth.json`,
    `${env['XDG_CONFIG_HOME'] ?? `${home}/.config`}/containers/auth.json`,
  ];
  return [
    ...containers.filter((path) => path !== '').map((path) => ({ path, form: 'containers' as const })),
    { path: `${env['DOCKER_CONFIG'] ?? `${home}/.docker`}/config.json`, form: 'docker' },
  ];
}

/** The value of a file of credentials; undefined when it is not there. Throws `invalid`, without a word of it. */
export function readAuthValue(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Fault('denied', `read the credentials in ${path}`, { cause });
  }
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault('invalid', `read the credentials in ${path}: it is not JSON`);
  }
}

export function readAuthConfig(path: string): AuthConfig | undefined {
  const value = readAuthValue(path);
  if (value === undefined) return undefined;
  try {
    return parseAuthConfig(value);
  } catch (error) {
    throw error instanceof Fault ? new Fault(error.kind, `${error.message} (in ${path})`) : error;
  }
}

/** What the files and the helpers that they name know. Nothing is read before a registry asks. */
export function credentialSource(env: Environment): CredentialSource {
  return async (registry, repository) => {
    for (const { path } of authPlaces(env)) {
      const config = readAuthConfig(path);
      const found = config === undefined ? undefined : await lookUp(config, registry, repository, env);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

async function lookUp(
  { auths, helpers, store }: AuthConfig,
  registry: string,
  repository: string,
  env: Environment,
): Promise<Credentials | undefined> {
  const own = helpers.get(registry);
  const fromOwn = own === undefined ? undefined : await credentialHelper(own, env).get(registry);
  if (fromOwn !== undefined) return fromOwn;
  const key = keysFor(registry, repository).find((one) => auths.has(one));
  if (key !== undefined) return auths.get(key);
  return store === undefined ? undefined : credentialHelper(store, env).get(registry);
}
