import { rootCertificates } from 'node:tls';
import { isLoopback } from './endpoint.ts';

/** What makes a host trusted beside the usual authorities, and who we are to it. PEM texts. */
export interface HostCertificates {
  authorities: readonly string[];
  client?: { certificate: string; key: string };
}

/** By host and port, as in a reference. */
export type CertificateSource = (host: string) => HostCertificates | undefined;

export interface ConnectionSettings {
  certificates?: CertificateSource;
  /** A host and port whose certificate nobody need vouch for. */
  unverifiedHost?: string;
}

/**
 * How a host is connected to, as far as `fetch` has to be told: these are words of Bun's, which Node does not know (there
 * NODE_EXTRA_CA_CERTS has to do). Proxies come from the environment in both; this machine itself is never behind one,
 * since what is said to it is not encrypted.
 */
export function connectionOf(url: URL, { certificates, unverifiedHost }: ConnectionSettings): object {
  const direct = isLoopback(url.hostname) ? { proxy: false } : {};
  const unverified = url.host === unverifiedHost ? { rejectUnauthorized: false } : undefined;
  const found = url.protocol === 'https:' ? certificates?.(url.host) : undefined;
  if (found === undefined) return { ...direct, ...(unverified === undefined ? {} : { tls: unverified }) };
  const { authorities, client } = found;
  const ca = authorities.length === 0 ? {} : { ca: [...rootCertificates, ...authorities] };
  const own = client === undefined ? {} : { cert: client.certificate, key: client.key };
  return { ...direct, tls: { ...ca, ...own, ...unverified } };
}
