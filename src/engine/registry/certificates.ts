import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { CertificateSource, HostCertificates } from '#store/registry/connection.ts';
import type { Environment } from './auth-files.ts';

/**
 * Certificates by host (containers-certs.d(5), and docker's directory of the same form): below `HOST[:PORT]`, `NAME.crt`
 * is an authority, and `NAME.cert` with `NAME.key` is what a registry may ask of us. The first directory there is counts.
 */
export function certificateSource(env: Environment): CertificateSource {
  const home = env['HOME'] ?? '/root';
  const places = [
    join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'containers/certs.d'),
    '/etc/containers/certs.d',
    '/etc/docker/certs.d',
  ];
  const known = new Map<string, HostCertificates | undefined>();
  return (host) => {
    if (!known.has(host)) known.set(host, firstOf(places.map((place) => join(place, host))));
    return known.get(host);
  };
}

function firstOf(directories: readonly string[]): HostCertificates | undefined {
  for (const directory of directories) {
    const names = namesOf(directory);
    if (names !== undefined) return readDirectory(directory, names);
  }
  return undefined;
}

function readDirectory(directory: string, names: readonly string[]): HostCertificates {
  const authorities = names.filter((name) => name.endsWith('.crt')).map((name) => read(directory, name));
  const certificate = names.find((name) => name.endsWith('.cert'));
  if (certificate === undefined) return { authorities };
  const key = certificate.replace(/cert$/, 'key');
  if (names.includes(key)) {
    return { authorities, client: { certificate: read(directory, certificate), key: read(directory, key) } };
  }
  throw new Fault('invalid', `read the certificates in ${directory}: ${certificate} has no ${key} beside it`);
}

function namesOf(directory: string): string[] | undefined {
  try {
    return readdirSync(directory).sort();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Fault('denied', `read the certificates in ${directory}`, { cause });
  }
}

function read(directory: string, name: string): string {
  try {
    return readFileSync(join(directory, name), 'utf8');
  } catch (cause) {
    throw new Fault('denied', `read the certificate ${join(directory, name)}`, { cause });
  }
}
