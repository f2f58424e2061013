import { parseAddress, parsePrefix, type Address } from '#base/ip.ts';
import { addAddress, addRoute } from '#kernel/netlink/addresses.ts';
import {
  addBridge,
  addIpvlan,
  addMacvlan,
  addVeth,
  deleteLink,
  IPVLAN_MODES,
  MACVLAN_MODES,
  setBridgePort,
  setLink,
  type LinkEnd,
} from '#kernel/netlink/links.ts';
import { FLAG, type NetlinkRequest } from '#kernel/netlink/message.ts';
import { MTU_OPTION } from './mtu.ts';
import type { Endpoint, NetworkRecord } from './record.ts';

export interface Attachment {
  network: NetworkRecord;
  endpoint: Endpoint;
  /** The container's way out is by this network. */
  isGateway: boolean;
  mtu: number;
  /** Number of the host's device below a macvlan or ipvlan. */
  parent?: number;
}

const EEXIST = 17;
/** eth0 of a container has this number in its namespace, where 1 is the loopback. */
const FIRST_DEVICE = 2;

/** Everything that puts a container into its networks, in order; sent with its namespace as target. */
export function attachRequests(attachments: readonly Attachment[]): NetlinkRequest[] {
  return attachments.flatMap((attachment) => [
    ...(attachment.network.driver === 'bridge' ? bridgeRequests(attachment) : []),
    ...deviceRequests(attachment),
    ...insideRequests(attachment),
  ]);
}

/** The host's device for an endpoint; at most 15 characters. */
export const hostDevice = ({ container, position }: Endpoint): string =>
  `sp${container.slice(0, 10)}${position.toString(36)}`;

/** The bridge, which another container's start may have made. */
export function bridgeRequests({ network, mtu }: Pick<Attachment, 'network' | 'mtu'>): NetlinkRequest[] {
  const { device, link } = network;
  return [
    { ...addBridge({ name: device, index: link, mtu, mac: bridgeMac(network), up: true }), fine: EEXIST },
    ...network.subnets.flatMap(({ subnet, gateway }) =>
      gateway === undefined
        ? []
        : [addAddress('here', link, parseAddress(gateway, 'gateway'), parsePrefix(subnet, 'subnet').prefix.length)],
    ),
    ...(hasIpv6(network) ? [addAddress('here', link, LINK_LOCAL, 64)] : []),
  ];
}

/** One that may be used at once: for what the host forwards, neighbours are looked for from such an address alone. */
const LINK_LOCAL = parseAddress('fe80::1', 'address');

export const hasIpv6 = ({ subnets }: NetworkRecord): boolean => subnets.some(({ subnet }) => subnet.includes(':'));

/** A bridge without one of its own takes the lowest of its ports', which changes with them. */
const bridgeMac = ({ id }: NetworkRecord): Uint8Array =>
  macBytes(`02:53:${id.match(/../g)?.slice(0, 4).join(':') ?? ''}`);

const macBytes = (text: string): Uint8Array =>
  Uint8Array.from(text.split(':').map((part) => Number.parseInt(part, 16)));

function deviceRequests({ network, endpoint, mtu, parent = 0 }: Attachment): NetlinkRequest[] {
  const inside: LinkEnd = {
    name: `eth${endpoint.position}`,
    index: FIRST_DEVICE + endpoint.position,
    mac: macBytes(endpoint.mac),
    // One on top of another device has that one's unless it was asked for: it cannot be larger.
    ...(network.driver === 'bridge' || network.options[MTU_OPTION] !== undefined ? { mtu } : {}),
  };
  switch (network.driver) {
    case 'bridge': {
      const name = hostDevice(endpoint);
      // That of an earlier run goes some time after its namespace.
      return [
        deleteLink(name),
        addVeth(inside, { name, mtu }),
        setLink('here', { name }, { master: network.link, up: true }),
        // A container may reach itself by a port of the host.
        setBridgePort(name, { hairpin: true }),
      ];
    }
    case 'macvlan':
      return [addMacvlan(inside, parent, modeOf(network.options['macvlan_mode'], MACVLAN_MODES, 'bridge'))];
    case 'ipvlan': {
      const { mac: _, ...plain } = inside; // it has its parent's
      return [addIpvlan(plain, parent, modeOf(network.options['ipvlan_mode'], IPVLAN_MODES, 'l2'))];
    }
  }
}

const modeOf = <Modes extends object>(asked: string | undefined, modes: Modes, usual: keyof Modes): keyof Modes =>
  asked !== undefined && asked in modes ? (asked as keyof Modes) : usual;

function insideRequests({ network, endpoint, isGateway }: Attachment): NetlinkRequest[] {
  const index = FIRST_DEVICE + endpoint.position;
  const requests: NetlinkRequest[] = [];
  const routes = isGateway ? wayOut({ network, endpoint }) : [];
  for (const { subnet } of network.subnets) {
    const { prefix } = parsePrefix(subnet, 'subnet');
    const own = prefix.family === 4 ? endpoint.ipv4 : endpoint.ipv6;
    if (own === undefined) continue;
    requests.push(addAddress('target', index, parseAddress(own, 'address'), prefix.length));
  }
  return [...requests, setLink('target', { index }, { up: true }), ...routes];
}

/** The default routes by one of a container's networks, in place of those by another. */
export function wayOut({ network, endpoint }: Pick<Attachment, 'network' | 'endpoint'>): NetlinkRequest[] {
  if (network.internal) return [];
  return network.subnets.flatMap(({ subnet, gateway }) => {
    const { family } = parsePrefix(subnet, 'subnet').prefix;
    const isOn = (family === 4 ? endpoint.ipv4 : endpoint.ipv6) !== undefined;
    return gateway === undefined || !isOn
      ? []
      : [defaultRoute(parseAddress(gateway, 'gateway'), FIRST_DEVICE + endpoint.position)];
  });
}

const defaultRoute = (gateway: Address, device: number): NetlinkRequest => ({
  ...addRoute('target', { destination: { family: gateway.family, value: 0n, length: 0 }, gateway, device }),
  flags: FLAG.create | FLAG.replace,
});
