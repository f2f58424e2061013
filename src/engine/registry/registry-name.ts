import { Fault } from '#base/fault.ts';
import { parseReference } from '#store/reference.ts';
import { canonicalKey } from '#store/registry/credentials.ts';

/** The registry that a person means: a host with an optional port, or a URL of one; Docker Hub when nothing is said. */
export function registryName(text: string | undefined): string {
  if (text === undefined || text === '') return 'docker.io';
  const host = text.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const registry = canonicalKey(host);
  try {
    if (parseReference(`${registry}/x`).registry === registry) return registry;
  } catch {
    // Said below, in words that fit.
  }
  throw new Fault('invalid', `"${text}" is not the name of a registry: a host with a dot or a port, or localhost`);
}
