import { Fault } from '#base/fault.ts';
import { parseAddress, parsePrefix, contains } from '#base/ip.ts';
import { createNetwork } from '#engine/network/create.ts';
import type { Subnet } from '#engine/network/record.ts';
import type { Flags } from '#doors/cli/flags.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { given } from './run-options.ts';
import { pairs } from './pairs.ts';

/** `network create`: prints its id. */
export const networkCreate: Verb = {
  flags: {
    driver: { kind: 'text', short: 'd', value: 'DRIVER', does: 'bridge (the default), macvlan or ipvlan' },
    gateway: { kind: 'list', value: 'ADDRESS', does: "The host's address in the subnet" },
    internal: { kind: 'switch', does: 'Without a way out' },
    'ip-range': { kind: 'list', value: 'SUBNET', does: 'The part of the subnet that containers get addresses from' },
    ipv6: { kind: 'switch', does: 'With IPv6 addresses, too' },
    label: { kind: 'list', value: 'NAME=VALUE', does: 'Set metadata' },
    opt: { kind: 'list', short: 'o', value: 'KEY=VALUE', does: "The driver's options: parent, macvlan_mode, ..." },
    subnet: { kind: 'list', value: 'SUBNET', does: 'Its addresses, as 10.7.0.0/24; one of each kind' },
  },
  args: [1, 1],
  act: async ({ args: [name = ''], flags, io, engine: open }) => {
    const wish = {
      name,
      subnets: subnets(flags),
      ipv6: flags.on('ipv6'),
      internal: flags.on('internal'),
      labels: pairs(flags.list('label'), '--label'),
      options: pairs(flags.list('opt'), '--opt'),
      ...given('driver', flags.text('driver')),
    };
    print(io, createNetwork(await open(), wish).id);
    return 0;
  },
};

/** Each gateway and range belongs to the subnet that it lies in, as docker has it. */
function subnets(flags: Flags): Subnet[] {
  const found = flags.list('subnet').map((subnet) => ({ subnet, prefix: parsePrefix(subnet, '--subnet').prefix }));
  const families = found.map(({ prefix }) => prefix.family);
  if (new Set(families).size < families.length)
    throw new Fault('unsupported', 'read --subnet: there can be one of each kind', { field: '--subnet' });
  const gateways = flags.list('gateway').map((text) => ({ text, at: parseAddress(text, '--gateway') }));
  const ranges = flags.list('ip-range').map((text) => ({ text, at: parsePrefix(text, '--ip-range').prefix }));
  for (const [option, list] of [
    ['--gateway', gateways],
    ['--ip-range', ranges],
  ] as const)
    for (const { text, at } of list)
      if (!found.some(({ prefix }) => contains(prefix, at)))
        throw new Fault('invalid', `read ${option}: ${text} lies in no --subnet`, { field: option });
  return found.map(({ subnet, prefix }) => ({
    subnet,
    ...given('gateway', gateways.find(({ at }) => contains(prefix, at))?.text),
    ...given('ipRange', ranges.find(({ at }) => contains(prefix, at))?.text),
  }));
}
