import { Fault } from '#base/fault.ts';
import type { ContainerOptions } from '#engine/container/options.ts';
import { usualUserNetwork } from '#engine/network/pasta.ts';
import type { PortWish } from '#engine/network/wishes.ts';
import { outsideUser } from '#doors/cli/places.ts';

type PastaWish = Pick<ContainerOptions, 'network' | 'pasta' | 'publish'>;
type Environment = Readonly<Record<string, string | undefined>>;

const PASTA = /^pasta(?::(.+))?$/;

export const isOrdinaryUser = (env: Environment): boolean => outsideUser(env, process.geteuid?.() ?? 0) !== undefined;

/** `pasta[:OPTION,...]`, with the ports that lead in; undefined for any other network. */
export function pastaWish(mode: string, publish: readonly PortWish[]): PastaWish | undefined {
  const match = PASTA.exec(mode);
  if (match === null) return undefined;
  const [, words] = match;
  for (const wish of publish) checkPort(wish);
  return {
    network: 'pasta',
    ...(words === undefined ? {} : { pasta: words.split(',').filter(Boolean) }),
    ...(publish.length === 0 ? {} : { publish }),
  };
}

/** It takes ports itself, each as it is told. */
function checkPort({ protocol, hostPort, hostPortEnd, containerPort }: PortWish): void {
  const isOne = hostPort !== undefined && (hostPortEnd ?? hostPort) === hostPort;
  if (isOne && protocol !== 'sctp') return;
  const why = isOne ? `is for ${protocol}: there are tcp and udp` : 'needs one port of the host';
  throw new Fault('unsupported', `read --publish: with pasta, port ${containerPort} ${why}`, { field: '--publish' });
}

/** What an ordinary user is in: the networks that are recorded need rights on the host's. */
export function userNetwork(asked: readonly string[]): string {
  const [mode = usualUserNetwork()] = asked;
  if (asked.length <= 1 && (PASTA.test(mode) || mode === 'none' || mode === 'host')) return mode;
  throw new Fault('unsupported', `read --network: an ordinary user cannot be put into ${JSON.stringify(mode)}`, {
    field: '--network',
    hint: 'Write none (loopback only), host or pasta.',
  });
}
