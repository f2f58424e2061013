const HOSTS: Record<string, string> = { 'docker.io': 'registry-1.docker.io' };

/** Where a registry's API is: HTTPS, except for this machine itself and for registries said to be insecure. */
export function endpointOf(registry: string, insecure: boolean): URL {
  const host = HOSTS[registry] ?? registry;
  const secure = new URL(`https://${host}/v2/`);
  return insecure || isLoopback(secure.hostname) ? new URL(`http://${host}/v2/`) : secure;
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
