import { hostAddresses, inBrackets } from '#engine/network/shown.ts';
import type { Port } from '#engine/network/ports.ts';

/** What `port` says of each port, as docker writes it: `80/tcp` and `0.0.0.0:8080`. */
export const portLines = (ports: readonly Omit<Port, 'container'>[]): { inside: string; outside: string }[] =>
  ports.flatMap(({ hostIp, hostPort, containerPort, protocol }) =>
    hostAddresses(hostIp).map((address) => ({
      inside: `${containerPort}/${protocol}`,
      outside: `${inBrackets(address)}:${hostPort}`,
    })),
  );
