import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { HostFacts } from '#kernel/host-facts.ts';
import type { NetworkHelper } from '#runtime/lower/context.ts';
import type { ContainerOptions } from '#engine/container/options.ts';
import type { Port } from './ports.ts';
import { textOf } from './text-of.ts';
import type { NetworkWishes } from './wishes.ts';

const PLACES = ['/usr/bin', '/usr/local/bin', '/bin', '/run/current-system/sw/bin'];
/** Where a container finds the host's resolver when that listens on the host's loopback. */
const FORWARDED_RESOLVER = '169.254.1.1';
const NAMESPACE_FILE = 'netns';
const PID_FILE = 'pasta.pid';

/** The program of Debian's package passt; undefined when it is not installed. */
function findPasta(): string | undefined {
  return PLACES.map((place) => `${place}/pasta`).find((path) => existsSync(path));
}

/** What an ordinary user gets unless asked for: the network where there is one to be had, else the loopback alone. */
export function usualUserNetwork(): 'pasta' | 'none' {
  return findPasta() !== undefined && hasWayOut() && mayMakeTap() ? 'pasta' : 'none';
}

function mayMakeTap(): boolean {
  try {
    closeSync(openSync('/dev/net/tun', 'r+'));
    return true;
  } catch {
    return false;
  }
}

/** A default route of this network namespace; pasta takes its addresses from that interface. */
function hasWayOut(): boolean {
  const four = /^\S+\t0{8}\t/m.test(textOf('/proc/net/route'));
  return four || /^0{32} 00 .* (?!lo$)\S+$/m.test(textOf('/proc/net/ipv6_route'));
}

/** The program that carries a container's packets; undefined for other networks. Makes the file that it needs. */
export function pastaOf(
  options: ContainerOptions,
  directory: string,
  { inUserNamespace }: Pick<HostFacts, 'inUserNamespace'>,
): NetworkHelper | undefined {
  if (options.network !== 'pasta') return undefined;
  const path = findPasta();
  if (path === undefined) {
    throw new Fault('unsupported', '--network pasta: pasta is not installed', {
      field: '--network',
      hint: 'Install it (Debian: passt), or say --network none or host.',
    });
  }
  // Root would become nobody, who may not enter the namespace of a container of root's.
  const user = inUserNamespace ? [] : ['--runas', '0:0'];
  return { path, argv: [...pastaWords(options, directory), ...user], env: [], file: join(directory, NAMESPACE_FILE) };
}

/** The file that the network namespace is bound on, in mounts that only pasta sees. */
export function preparePasta(options: ContainerOptions, directory: string): void {
  if (options.network === 'pasta') writeFileSync(join(directory, NAMESPACE_FILE), '', { mode: 0o600 });
}

function pastaWords(options: ContainerOptions, directory: string): string[] {
  const { pasta = [] } = options;
  return [
    'pasta',
    '--config-net',
    ...ports('-t', 'tcp', options),
    ...ports('-u', 'udp', options),
    // Nothing of the host's loopback is in reach unless it is asked for.
    '-T',
    'none',
    '-U',
    'none',
    ...(pasta.includes('--map-gw') ? [] : ['--no-map-gw']),
    '--dns-forward',
    FORWARDED_RESOLVER,
    '--quiet',
    '--pid',
    join(directory, PID_FILE),
    '--netns',
    join(directory, NAMESPACE_FILE),
    ...pasta.filter((word) => word !== '--map-gw'),
  ];
}

/** What leads into a container by pasta, which holds the ports itself. */
export const pastaPorts = ({ network, publish = [] }: NetworkWishes): Omit<Port, 'container'>[] =>
  network !== 'pasta'
    ? []
    : publish.map(({ protocol, hostIp = '', hostPort = 0, containerPort }) => ({
        protocol,
        hostIp,
        hostPort,
        containerPort,
      }));

function ports(flag: string, wanted: string, options: ContainerOptions): string[] {
  const found = pastaPorts(options).filter(({ protocol }) => protocol === wanted);
  const word = ({ hostIp, hostPort, containerPort }: Omit<Port, 'container'>): string =>
    `${hostIp === '' ? '' : `${hostIp}/`}${hostPort}:${containerPort}`;
  return found.length === 0 ? [flag, 'none'] : found.flatMap((one) => [flag, word(one)]);
}

/** The host's resolvers as a container can reach them: one on the host's loopback is reached through pasta. */
export function forwardedResolvers(text: string): string {
  const lines = text.split('\n');
  const isLocal = (line: string): boolean => /^\s*nameserver\s+(127\.|::1\b)/.test(line);
  if (!lines.some(isLocal) && lines.some((line) => /^\s*nameserver\s/.test(line))) return text;
  return [`nameserver ${FORWARDED_RESOLVER}`, ...lines.filter((line) => !isLocal(line))].join('\n');
}

/** Ends the helper of a container whose monitor did not live to do so: only if the number is still its own. */
export function endPasta(directory: string): void {
  const pid = Number(textOf(join(directory, PID_FILE)).trim());
  if (!(pid > 1) || !textOf(`/proc/${pid}/cmdline`).split('\0').includes(join(directory, PID_FILE))) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
