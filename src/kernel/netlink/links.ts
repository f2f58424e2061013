/** Requests about network devices (rtnetlink(7), linux/if_link.h). */
import {
  FLAG,
  nested,
  raw,
  TARGET_NAMESPACE,
  text,
  u16,
  u32,
  u8,
  type Attribute,
  type NetlinkRequest,
} from './message.ts';

const RTM = { newLink: 16, delLink: 17 } as const;
const IFLA = { address: 1, ifName: 3, mtu: 4, link: 5, master: 10, linkInfo: 18, ifAlias: 20, netNsFd: 28 } as const;
const INFO = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 } as const;
const VETH_INFO_PEER = 1;
const BRIDGE = { forwardDelay: 1, stp: 5, multicastSnooping: 23 } as const;
const BRIDGE_PORT = { hairpin: 4, isolated: 33 } as const;
export const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
export const IPVLAN_MODES = { l2: 0, l3: 1, l3s: 2 } as const;
const UP = 1;

export interface LinkOptions {
  mtu?: number;
  /** Six bytes. */
  mac?: Uint8Array;
  /** Index of the bridge that it is a port of. */
  master?: number;
  up?: boolean;
}

/** `name` is at most 15 bytes; an index that is left out is the kernel's choice. */
export interface LinkEnd extends LinkOptions {
  name: string;
  index?: number;
}

/** ifinfomsg: family, padding, type, index, flags, and which of them change. */
function ifinfomsg(index: number, up?: boolean): Uint8Array {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32LE(index, 4);
  if (up !== undefined) {
    bytes.writeUInt32LE(up ? UP : 0, 8);
    bytes.writeUInt32LE(UP, 12);
  }
  return bytes;
}

const options = ({ mtu, mac, master }: LinkOptions): Attribute[] => [
  ...(mtu === undefined ? [] : [u32(IFLA.mtu, mtu)]),
  ...(mac === undefined ? [] : [raw(IFLA.address, mac)]),
  ...(master === undefined ? [] : [u32(IFLA.master, master)]),
];

const kind = (name: string, data: readonly Attribute[]): Attribute =>
  nested(IFLA.linkInfo, [text(INFO.kind, name), nested(INFO.data, data)]);

function add(what: string, end: LinkEnd, more: readonly Attribute[]): NetlinkRequest {
  return {
    name: `make ${what} ${end.name}`,
    to: 'here',
    type: RTM.newLink,
    flags: FLAG.create | FLAG.excl,
    head: ifinfomsg(end.index ?? 0, end.up),
    attributes: [text(IFLA.ifName, end.name), ...options(end), ...more],
  };
}

/** A bridge without spanning tree, whose ports forward at once. */
export function addBridge(end: LinkEnd): NetlinkRequest {
  const data = [u32(BRIDGE.forwardDelay, 0), u32(BRIDGE.stp, 0), u8(BRIDGE.multicastSnooping, 0)];
  return add('bridge', end, [kind('bridge', data)]);
}

/**
 * Two devices that are joined: `end` in the target's namespace, `peer` here. Both are set up only afterwards: a device of
 * this kind refuses while it is alone. The kernel hears of no master of a peer, and of its index only beside one of `end`.
 */
export function addVeth(end: LinkEnd, peer: Omit<LinkEnd, 'master'>): NetlinkRequest {
  const other: Attribute = {
    ...nested(VETH_INFO_PEER, [text(IFLA.ifName, peer.name), ...options(peer)]),
    head: ifinfomsg(peer.index ?? 0),
  };
  return add('veth', end, [kind('veth', [other]), toTarget]);
}

const toTarget: Attribute = { type: IFLA.netNsFd, value: TARGET_NAMESPACE };

/** A device of the target's namespace on top of one of ours, by its index. */
export function addMacvlan(end: LinkEnd, parent: number, mode: keyof typeof MACVLAN_MODES): NetlinkRequest {
  return add('macvlan', end, [u32(IFLA.link, parent), kind('macvlan', [u32(1, MACVLAN_MODES[mode])]), toTarget]);
}

export function addIpvlan(end: LinkEnd, parent: number, mode: keyof typeof IPVLAN_MODES): NetlinkRequest {
  return add('ipvlan', end, [u32(IFLA.link, parent), kind('ipvlan', [u16(1, IPVLAN_MODES[mode])]), toTarget]);
}

/** Changes a device that is there, named or by index. */
export function setLink(
  to: 'here' | 'target',
  link: { name: string } | { index: number },
  change: LinkOptions,
): NetlinkRequest {
  const index = 'index' in link ? link.index : 0;
  const named = 'name' in link ? [text(IFLA.ifName, link.name)] : [];
  return {
    name: `set ${'name' in link ? link.name : `device ${index}`}`,
    to,
    type: RTM.newLink,
    flags: 0,
    head: ifinfomsg(index, change.up),
    attributes: [...named, ...options(change)],
  };
}

/** How a bridge treats its port: `hairpin` sends frames back where they came from, `isolated` ports do not hear each other. */
export function setBridgePort(name: string, port: { hairpin?: boolean; isolated?: boolean }): NetlinkRequest {
  const data = [
    ...(port.hairpin === undefined ? [] : [u8(BRIDGE_PORT.hairpin, Number(port.hairpin))]),
    ...(port.isolated === undefined ? [] : [u8(BRIDGE_PORT.isolated, Number(port.isolated))]),
  ];
  const info = nested(IFLA.linkInfo, [text(INFO.slaveKind, 'bridge'), nested(INFO.slaveData, data)]);
  return {
    ...setLink('here', { name }, {}),
    name: `set bridge port ${name}`,
    attributes: [text(IFLA.ifName, name), info],
  };
}

/** Removes the device with this index, whatever it is called; that there is none is fine. */
export const deleteLinkAt = (index: number): NetlinkRequest => ({
  ...setLink('here', { index }, {}),
  name: `remove device ${index}`,
  type: RTM.delLink,
  fine: 19, // ENODEV
});

/** Removes a device; that there is none is fine. */
export function deleteLink(name: string): NetlinkRequest {
  const ENODEV = 19;
  return { ...setLink('here', { name }, {}), name: `remove ${name}`, type: RTM.delLink, fine: ENODEV };
}
