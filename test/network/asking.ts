/** A server in a container that says who asks, and how it is asked. */
import type { Machine, NetworkWorld } from './world.ts';

/** Says who asks: the address from which a request comes. */
export const server = (port: number): string =>
  [
    'w=$(mktemp -d) && mkdir $w/cgi-bin',
    `printf '#!/bin/sh\\necho; echo $REMOTE_ADDR\\n' >$w/cgi-bin/who && chmod +x $w/cgi-bin/who`,
    `exec busybox httpd -f -p ${port} -h $w`,
  ].join(' && ');

export interface Asking {
  /** Starts the server in a container with these options. */
  serve(...options: string[]): string;
  /** Who the server at this address says we are, from a machine or from inside a container; empty when it is not reached. */
  ask(from: Machine | string[], address: string, port: number | string): string;
  /** Resolves when the server in the container listens. */
  listens(name: string): Promise<void>;
}

/** Its socket is one of IPv6, to which others' are written so. */
const plain = (text: string): string => text.trim().replace(/^\[::ffff:(.*)\]$/, '$1');

export const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; i < 200 && !what(); i++) await Bun.sleep(25);
};

export const asking = (world: () => NetworkWorld): Asking => ({
  serve: (...options) => world().fine('run', '-d', ...options, world().image, 'sh', '-c', server(80)),
  ask: (from, address, port) => {
    const request = `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 2 ${address} ${port} | tail -n 1`;
    if (!Array.isArray(from)) return plain(from.try(['sh', '-c', request]).stdout);
    return plain(world().sampan('run', '--rm', ...from, world().image, 'sh', '-c', request).stdout);
  },
  listens: (name) =>
    until(() => world().sampan('exec', name, 'grep', '-q', ':0050 ', '/proc/net/tcp', '/proc/net/tcp6').status === 0),
});

/** Removes all containers of the world. */
export function removeAll(world: NetworkWorld): void {
  const all = world.sampan('ps', '-aq').stdout.split('\n').filter(Boolean);
  if (all.length > 0) world.fine('rm', '-f', ...all);
}
