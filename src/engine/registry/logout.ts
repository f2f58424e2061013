import { credentialHelper } from '#store/registry/credential-helper.ts';
import { authPlaces, readAuthConfig, readAuthValue, type Environment } from './auth-files.ts';
import { withoutAuth } from './edit-auths.ts';
import { changePrivateFile } from './private-file.ts';

/** Forgets the credentials for a registry wherever they would be found; false when there were none. */
export async function logout(registry: string, env: Environment): Promise<boolean> {
  let removed = false;
  for (const { path } of authPlaces(env)) {
    const config = readAuthConfig(path);
    if (config === undefined) continue;
    changePrivateFile(path, () => {
      const value = withoutAuth(readAuthValue(path) as Record<string, unknown>, registry);
      removed ||= value !== undefined;
      return value === undefined ? undefined : `${JSON.stringify(value, undefined, '\t')}\n`;
    });
    for (const name of new Set([config.helpers.get(registry), config.store])) {
      if (name === undefined) continue;
      const helper = credentialHelper(name, env);
      if ((await helper.get(registry)) === undefined) continue;
      await helper.erase(registry);
      removed = true;
    }
  }
  return removed;
}
