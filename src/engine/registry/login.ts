import { existsSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { checkCredentials } from '#store/registry/check.ts';
import { credentialHelper } from '#store/registry/credential-helper.ts';
import type { Credentials, PasswordCredentials } from '#store/registry/credentials.ts';
import { howLax } from '#store/registry/probe.ts';
import {
  authPlaces,
  credentialSource,
  readAuthConfig,
  readAuthValue,
  type AuthPlace,
  type Environment,
} from './auth-files.ts';
import { certificateSource } from './certificates.ts';
import { withAuth } from './edit-auths.ts';
import { changePrivateFile } from './private-file.ts';
import { registryRules } from './registries-file.ts';

export interface LoginRequest {
  registry: string;
  insecure: boolean;
  env: Environment;
  signal?: AbortSignal;
}

export interface Login {
  /** The registry lets everybody in, and has not looked at the credentials. */
  open: boolean;
  /** Where they are kept now: the file, or the program that the file names. */
  kept: { path: string } | { helper: string };
}

/** Shows the credentials to the registry and keeps them when it accepts them. */
export async function login(request: LoginRequest, credentials: PasswordCredentials): Promise<Login> {
  if (credentials.username === '' || credentials.password === '' || /[:\p{Cc}]/u.test(credentials.username)) {
    const what = credentials.password === '' ? 'the password is empty' : 'that is no user name';
    throw new Fault('invalid', `log in to ${request.registry}: ${what}`);
  }
  const open = (await check(request, credentials)) === 'open';
  return { open, kept: await keep(request, credentials) };
}

/** Shows the registry what is kept already; false when nothing is. */
export async function loginAgain(request: LoginRequest): Promise<boolean> {
  const known = await credentialSource(request.env)(request.registry, '');
  if (known === undefined) return false;
  await check(request, known);
  return true;
}

async function check(request: LoginRequest, credentials: Credentials): Promise<'accepted' | 'open'> {
  const { registry, insecure, env, signal } = request;
  const rule = registryRules(env).find(({ prefix }) => prefix === registry);
  const cancel = signal === undefined ? {} : { signal };
  const connection = {
    certificates: certificateSource(env),
    ...(rule?.lax === true ? await howLax(registry, signal) : {}),
  };
  return checkCredentials({ registry, insecure, credentials, ...connection, ...cancel });
}

async function keep({ registry, env }: LoginRequest, credentials: PasswordCredentials): Promise<Login['kept']> {
  const place = placeToKeep(env);
  const config = readAuthConfig(place.path);
  const helper = config?.helpers.get(registry) ?? config?.store;
  if (helper !== undefined) {
    await credentialHelper(helper, env).store(registry, credentials);
    return { helper };
  }
  changePrivateFile(place.path, () => {
    const value = (readAuthValue(place.path) ?? {}) as Record<string, unknown>;
    return `${JSON.stringify(withAuth(value, place.form, registry, credentials), undefined, '\t')}\n`;
  });
  return { path: place.path };
}

/** The file that is asked for, or the first that is there; else docker's, which every program reads. */
function placeToKeep(env: Environment): AuthPlace {
  const places = authPlaces(env);
  const asked = (env['REGISTRY_AUTH_FILE'] ?? '') !== '';
  const found = asked ? places[0] : places.find(({ path }) => existsSync(path));
  return found ?? (places.at(-1) as AuthPlace);
}
