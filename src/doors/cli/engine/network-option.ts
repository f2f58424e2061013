import { Fault } from '#base/fault.ts';
import type { ContainerOptions } from '#engine/container/options.ts';
import { usualUserNetwork } from '#engine/network/pasta.ts';
import { readPublished } from '#engine/network/published.ts';
import type { Flags } from '#doors/cli/flags.ts';
import { outsideUser } from '#doors/cli/places.ts';

type NetworkWish = Pick<ContainerOptions, 'network' | 'pasta' | 'publish'>;

/** `--network` and `--publish`. What is usual: for root the loopback alone, for an ordinary user pasta where it is installed. */
export function networkWish(flags: Flags, env: Readonly<Record<string, string | undefined>>): NetworkWish {
  const publish = flags.list('publish').map((text) => readPublished(text, '--publish'));
  const asked = flags.text('network') ?? flags.text('net');
  const wish = asked === undefined ? { network: usual(env) } : networkMode(asked);
  if (publish.length === 0) return wish;
  if (wish.network !== 'pasta') {
    throw new Fault('unsupported', `read --publish: with --network ${wish.network} no port leads into the container`, {
      field: '--publish',
      hint: 'Say --network pasta.',
    });
  }
  return { ...wish, publish };
}

function usual(env: Readonly<Record<string, string | undefined>>): NetworkWish['network'] {
  return outsideUser(env, process.geteuid?.() ?? 0) === undefined ? 'none' : usualUserNetwork();
}

function networkMode(mode: string): NetworkWish {
  if (mode === 'none' || mode === 'host') return { network: mode };
  const [, options] = /^pasta(?::(.+))?$/.exec(mode) ?? [];
  if (/^pasta(:|$)/.test(mode)) {
    return { network: 'pasta', ...(options === undefined ? {} : { pasta: options.split(',').filter(Boolean) }) };
  }
  throw new Fault('unsupported', `read --network: "${mode}" is not there yet`, {
    field: '--network',
    hint: 'Write none (loopback only), host or pasta.',
  });
}
