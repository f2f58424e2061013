/** Requests about addresses and routes (rtnetlink(7), linux/if_addr.h, linux/rtnetlink.h). */
import { addressBytes, formatAddress, formatPrefix, type Address, type Prefix } from '#base/ip.ts';
import { FLAG, raw, u32, type Attribute, type NetlinkRequest } from './message.ts';

const RTM = { newAddress: 20, delAddress: 21, newRoute: 24, delRoute: 25 } as const;
const IFA = { address: 1, local: 2, broadcast: 4 } as const;
const RTA = { destination: 1, outDevice: 4, gateway: 5, priority: 6 } as const;
/** No duplicate address detection: we know who has it, and an address that may not be used yet delays the program. */
const NO_DAD = 0x02;
const FAMILIES = { 4: 2, 6: 10 } as const;
const ROUTE = { mainTable: 254, byBoot: 3, universe: 0, link: 253, unicast: 1 } as const;
const EEXIST = 17;

/** An address of the device `index`, with its subnet's route; that it has it already is fine. */
export function addAddress(to: 'here' | 'target', index: number, address: Address, length: number): NetlinkRequest {
  const head = Buffer.alloc(8);
  head.set([FAMILIES[address.family], length, NO_DAD, ROUTE.universe]);
  head.writeUInt32LE(index, 4);
  const bytes = addressBytes(address);
  return {
    name: `add address ${formatAddress(address)}/${length}`,
    to,
    type: RTM.newAddress,
    flags: FLAG.create | FLAG.excl,
    head,
    attributes: [raw(IFA.local, bytes), raw(IFA.address, bytes), ...broadcastOf(address, length)],
    fine: EEXIST,
  };
}

function broadcastOf({ family, value }: Address, length: number): Attribute[] {
  if (family === 6 || length > 30) return [];
  const last = value | ((1n << BigInt(32 - length)) - 1n);
  return [raw(IFA.broadcast, addressBytes({ family, value: last }))];
}

export interface Route {
  /** Of length 0: the default route. */
  destination: Prefix;
  /** Left out: what is reached lies on the device itself. */
  gateway?: Address;
  /** Index of the device. */
  device: number;
  metric?: number;
}

export function addRoute(to: 'here' | 'target', { destination, gateway, device, metric }: Route): NetlinkRequest {
  const head = Buffer.alloc(12);
  const scope = gateway === undefined ? ROUTE.link : ROUTE.universe;
  const { mainTable, byBoot, unicast } = ROUTE;
  head.set([FAMILIES[destination.family], destination.length, 0, 0, mainTable, byBoot, scope, unicast]);
  return {
    name: `add route ${formatPrefix(destination)}${gateway === undefined ? '' : ` by ${formatAddress(gateway)}`}`,
    to,
    type: RTM.newRoute,
    flags: FLAG.create | FLAG.excl,
    head,
    attributes: [
      ...(destination.length === 0 ? [] : [raw(RTA.destination, addressBytes(destination))]),
      ...(gateway === undefined ? [] : [raw(RTA.gateway, addressBytes(gateway))]),
      u32(RTA.outDevice, device),
      ...(metric === undefined ? [] : [u32(RTA.priority, metric)]),
    ],
  };
}
