import { connectNetwork, disconnectNetwork } from '#engine/network/connect.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { checkFamily, checkMac } from './network-options.ts';
import { given } from './run-options.ts';

/** `network connect`: a container gets a device in one more network. */
export const networkConnect: Verb = {
  flags: {
    alias: { kind: 'list', value: 'NAME', does: 'A further name in the network' },
    ip: { kind: 'text', value: 'ADDRESS', does: 'IPv4 address' },
    ip6: { kind: 'text', value: 'ADDRESS', does: 'IPv6 address' },
    'mac-address': { kind: 'text', value: 'ADDRESS', does: 'Hardware address' },
  },
  args: [2, 2],
  act: async ({ args: [network = '', container = ''], flags, engine: open }) => {
    const [ip, ip6, mac] = [flags.text('ip'), flags.text('ip6'), flags.text('mac-address')];
    const aliases = flags.list('alias');
    await connectNetwork(await open(), container, {
      network,
      ...given('ip', ip === undefined ? undefined : checkFamily(ip, 4, '--ip')),
      ...given('ip6', ip6 === undefined ? undefined : checkFamily(ip6, 6, '--ip6')),
      ...given('mac', mac === undefined ? undefined : checkMac(mac, '--mac-address')),
      ...(aliases.length === 0 ? {} : { aliases }),
    });
    return 0;
  },
};

/** `network disconnect`: takes that device away. */
export const networkDisconnect: Verb = {
  flags: {},
  args: [2, 2],
  act: async ({ args: [network = '', container = ''], engine: open }) => {
    await disconnectNetwork(await open(), container, network);
    return 0;
  },
};
