import { canonicalKey, type PasswordCredentials } from '#store/registry/credentials.ts';
import type { AuthPlace } from './auth-files.ts';

type Json = Readonly<Record<string, unknown>>;

/** The file's value with credentials for a registry; everything else in it stays. */
export function withAuth(
  value: Json,
  form: AuthPlace['form'],
  registry: string,
  { username, password }: PasswordCredentials,
): Json {
  const auths = asObject(value['auths']);
  const key = keysIn(auths, registry)[0] ?? newKey(form, registry);
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return { ...value, auths: { ...withoutKeys(auths, registry), [key]: { auth } } };
}

/** The file's value without those for a registry; undefined when it has none. */
export function withoutAuth(value: Json, registry: string): Json | undefined {
  const auths = asObject(value['auths']);
  return keysIn(auths, registry).length === 0 ? undefined : { ...value, auths: withoutKeys(auths, registry) };
}

function keysIn(auths: Json, registry: string): string[] {
  return Object.keys(auths).filter((key) => canonicalKey(key) === registry);
}

function withoutKeys(auths: Json, registry: string): Json {
  return Object.fromEntries(Object.entries(auths).filter(([key]) => canonicalKey(key) !== registry));
}

function newKey(form: AuthPlace['form'], registry: string): string {
  return form === 'docker' && registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
