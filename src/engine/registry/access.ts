import type { CertificateSource } from '#store/registry/connection.ts';
import type { CredentialSource } from '#store/registry/credentials.ts';
import type { RegistryRule } from '#store/registry/registries.ts';
import type { ShortNames } from '#store/registry/short-names.ts';
import { credentialSource, type Environment } from './auth-files.ts';
import { certificateSource } from './certificates.ts';
import { registryRules, shortNames } from './registries-file.ts';

/** All that the settings of a user and of the machine say about registries. */
export interface RegistryAccess {
  credentials: CredentialSource;
  certificates: CertificateSource;
  rules: readonly RegistryRule[];
  shortNames: ShortNames;
}

export function registryAccess(env: Environment): RegistryAccess {
  return {
    credentials: credentialSource(env),
    certificates: certificateSource(env),
    rules: registryRules(env),
    shortNames: shortNames(env),
  };
}
