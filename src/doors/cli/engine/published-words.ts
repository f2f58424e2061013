import type { Port } from '#engine/network/ports.ts';
import { hostAddresses, inBrackets } from '#engine/network/shown.ts';
import type { PublishedPort } from '#engine/network/published.ts';

/** A line of `port` for each port, as docker writes it: `80/tcp -> 0.0.0.0:8080`. */
export function publishedLines(publish: readonly PublishedPort[] = []): { inside: string; outside: string }[] {
  return publish.flatMap(({ address = '0.0.0.0', hostPort, containerPort, count, protocol }) =>
    Array.from({ length: count }, (_, at) => ({
      inside: `${containerPort + at}/${protocol}`,
      outside: `${address.includes(':') ? `[${address}]` : address}:${hostPort + at}`,
    })),
  );
}

/** The same for ports that are given at a start. */
export const givenLines = (ports: readonly Port[]): { inside: string; outside: string }[] =>
  ports.flatMap(({ hostIp, hostPort, containerPort, protocol }) =>
    hostAddresses(hostIp).map((address) => ({
      inside: `${containerPort}/${protocol}`,
      outside: `${inBrackets(address)}:${hostPort}`,
    })),
  );
