import type { ContainerOptions } from './options.ts';

/**
 * Settings of a network namespace of a container's own, as docker has them: any user may ping, and listen on ports
 * below 1024, since neither reaches anybody else's network.
 */
const OF_OWN_NETWORK: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};

/** What is set in a container's namespaces, with the caller's own last. In a user namespace not all groups are there to be named. */
export function sysctlsOf({ network, sysctls }: ContainerOptions, asHostRoot: boolean): Record<string, string> {
  return { ...(asHostRoot && network !== 'host' ? OF_OWN_NETWORK : {}), ...sysctls };
}
