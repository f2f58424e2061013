/**
 * The rules of nftables for our networks, as one transaction in libnftables-json(5). Everything lies in a table of our
 * own; SAMPAN-USER in it is the administrator's, and never touched. Pure.
 */
import { parsePrefix } from '#base/ip.ts';
import { hasNames } from './names.ts';
import type { NetworkRecord } from './record.ts';

/** A port of the host that leads into a container. */
export interface Published {
  protocol: string;
  /** Empty: any address of the host's, of the family that `to` is of. */
  hostIp: string;
  hostPort: number;
  /** The container's address. */
  to: string;
  containerPort: number;
}

type Json = object;
type Expression = Json | string | number;

const meta = (key: string): Json => ({ meta: { key } });
const field = (protocol: string, name: string): Json => ({ payload: { protocol, field: name } });
const match = (left: Expression, right: Expression, op = '=='): Json => ({ match: { op, left, right } });
const TRANSLATED = match({ ct: { key: 'status' } }, 'dnat', 'in');
const LOCAL = match({ fib: { result: 'type', flags: ['daddr'] } }, 'local');
const PORT = [meta('l4proto'), field('th', 'dport')];
const [IN, OUT] = [meta('iifname'), meta('oifname')];
/** The administrator's own rules about what is forwarded; ours come after them. */
const USER_CHAIN = 'SAMPAN-USER';
const LOOPBACK = { prefix: { addr: '127.0.0.0', len: 8 } };
const RETURN = { return: null };
const DROP = { drop: null };
const MASQUERADE = { masquerade: null };

const SETS: Readonly<Record<string, Json>> = {
  bridges: { type: 'ifname' },
  /** A bridge beside itself: what goes from one port of it to another. */
  same: { type: ['ifname', 'ifname'] },
  /** Bridges of networks without a way out. */
  closed: { type: 'ifname' },
  /** Bridges of networks whose containers find each other by name. */
  named: { type: 'ifname' },
  nat4: { type: 'ipv4_addr', flags: ['interval'] },
  nat6: { type: 'ipv6_addr', flags: ['interval'] },
};

/** Each twice: to which address, and to which port. `at`: for one address of the host's only. */
const MAPS = ['4', '6', '4at', '6at'] as const;
type MapName = (typeof MAPS)[number];
const addressType = (map: MapName): string => (map.startsWith('4') ? 'ipv4_addr' : 'ipv6_addr');
const isAt = (map: MapName): boolean => map.endsWith('at');

function translate(map: MapName): Json {
  const family = map.startsWith('4') ? 'ip' : 'ip6';
  const key = { concat: [...(isAt(map) ? [field(family, 'daddr')] : []), ...PORT] };
  return {
    dnat: { family, addr: { map: { key, data: `@to${map}` } }, port: { map: { key, data: `@port${map}` } } },
  };
}

const between = (family: 'ip' | 'ip6', set: string): Json[] => [
  match(field(family, 'saddr'), `@${set}`),
  match(field(family, 'daddr'), `@${set}`),
];

interface Chain {
  hook?: { type: string; hook: string; prio: number };
  rules: readonly (readonly Json[])[];
}

const CHAINS: Readonly<Record<string, Chain>> = {
  // A bridge takes what is for 127.0.0.1 so that the host's own may be led into containers, not the other way round.
  loopback: {
    hook: { type: 'filter', hook: 'prerouting', prio: -300 },
    rules: [
      [match(IN, '@bridges'), match(field('ip', 'daddr'), LOOPBACK), DROP],
      [match(IN, '@bridges'), match(field('ip', 'saddr'), LOOPBACK), DROP],
    ],
  },
  publish: { rules: [[translate('4at')], [translate('6at')], [translate('4')], [translate('6')]] },
  prerouting: {
    hook: { type: 'nat', hook: 'prerouting', prio: -100 },
    rules: [
      // Programs ask resolvers at port 53, which may be another program's at the host's address.
      [match(IN, '@named'), LOCAL, match(field('th', 'dport'), 53), { jump: { target: 'names' } }],
      [LOCAL, { jump: { target: 'publish' } }],
    ],
  },
  output: {
    hook: { type: 'nat', hook: 'output', prio: -100 },
    // The kernel lets nothing of ::1 leave the loopback.
    rules: [
      [match(field('ip6', 'daddr'), '::1'), RETURN],
      [LOCAL, { jump: { target: 'publish' } }],
    ],
  },
  postrouting: {
    hook: { type: 'nat', hook: 'postrouting', prio: 100 },
    rules: [
      // Answers to 127.0.0.1, and to a container that reaches itself or a neighbour by a port of the host, must come back here.
      [TRANSLATED, match(field('ip', 'saddr'), LOOPBACK), match(OUT, '@bridges'), MASQUERADE],
      [TRANSLATED, ...between('ip', 'nat4'), MASQUERADE],
      [TRANSLATED, ...between('ip6', 'nat6'), MASQUERADE],
      [match(field('ip', 'saddr'), '@nat4'), match(OUT, '@bridges', '!='), MASQUERADE],
      [match(field('ip6', 'saddr'), '@nat6'), match(OUT, '@bridges', '!='), MASQUERADE],
    ],
  },
  forward: {
    hook: { type: 'filter', hook: 'forward', prio: 0 },
    rules: [
      [{ jump: { target: USER_CHAIN } }],
      [match({ ct: { key: 'state' } }, ['established', 'related'], 'in'), RETURN],
      [match({ concat: [IN, OUT] }, '@same'), RETURN],
      [match(IN, '@closed'), DROP],
      [match(OUT, '@closed'), DROP],
      [match(OUT, '@bridges'), TRANSLATED, RETURN],
      // Networks are apart from each other, and what is not published is not reached from outside.
      [match(OUT, '@bridges'), DROP],
    ],
  },
};

export interface Firewall {
  table: string;
  networks: readonly NetworkRecord[];
  ports: readonly Published[];
  /** Port at the host's address in a network that its resolver listens at. */
  resolverPort: number;
}

/** Replaces all of our table but SAMPAN-USER, whatever was in it. */
export function firewallCommands({ table, networks, ports, resolverPort }: Firewall): Json {
  const at = { family: 'inet', table };
  const bridges = networks.filter(({ driver }) => driver === 'bridge');
  const elements: Record<string, unknown[]> = { ...networkElements(bridges), ...portElements(ports) };
  const maps = MAPS.flatMap((map) => {
    const type = [...(isAt(map) ? [addressType(map)] : []), 'inet_proto', 'inet_service'];
    return [
      { name: `to${map}`, type, map: addressType(map) },
      { name: `port${map}`, type, map: 'inet_service' },
    ];
  });
  const chains = Object.entries<Chain>({
    ...CHAINS,
    names: { rules: [[match(meta('l4proto'), { set: ['tcp', 'udp'] }), { redirect: { port: resolverPort } }]] },
  });
  const names = [...Object.keys(SETS).map((name) => ({ set: name })), ...maps.map(({ name }) => ({ map: name }))];
  return {
    nftables: [
      { add: { table: { family: 'inet', name: table } } },
      ...Object.entries(SETS).map(([name, set]) => ({ add: { set: { ...at, name, ...set } } })),
      ...maps.map((map) => ({ add: { map: { ...at, ...map } } })),
      { add: { chain: { ...at, name: USER_CHAIN } } },
      ...chains.map(([name, { hook = {} }]) => ({ add: { chain: { ...at, name, ...hook } } })),
      ...chains.map(([name]) => ({ flush: { chain: { ...at, name } } })),
      ...names.map((one) =>
        'set' in one ? { flush: { set: { ...at, name: one.set } } } : { flush: { map: { ...at, name: one.map } } },
      ),
      ...Object.entries(elements)
        .filter(([, elem]) => elem.length > 0)
        .map(([name, elem]) => ({ add: { element: { ...at, name, elem } } })),
      ...chains.flatMap(([chain, { rules }]) => rules.map((expr) => ({ add: { rule: { ...at, chain, expr } } }))),
    ],
  };
}

function networkElements(bridges: readonly NetworkRecord[]): Record<string, unknown[]> {
  const devices = bridges.map(({ device }) => device);
  const open = bridges.filter(({ internal }) => !internal);
  const blocks = open.flatMap(({ subnets }) => subnets.map(({ subnet }) => parsePrefix(subnet, 'subnet').prefix));
  const ofFamily = (family: 4 | 6): Json[] =>
    open
      .flatMap(({ subnets }) => subnets)
      .filter((_, at) => blocks[at]?.family === family)
      .map(({ subnet }) => ({ prefix: { addr: subnet.split('/')[0], len: Number(subnet.split('/')[1]) } }));
  return {
    bridges: devices,
    same: devices.map((device) => ({ concat: [device, device] })),
    closed: bridges.filter(({ internal }) => internal).map(({ device }) => device),
    named: bridges.filter(hasNames).map(({ device }) => device),
    nat4: ofFamily(4),
    nat6: ofFamily(6),
  };
}

/** Whether it stands for all of the host's addresses, or all of a family. */
export const isAny = (address: string): boolean => ['', '0.0.0.0', '::'].includes(address);

function portElements(ports: readonly Published[]): Record<string, unknown[]> {
  const elements: Record<string, unknown[]> = {};
  for (const { protocol, hostIp, hostPort, to, containerPort } of ports) {
    const map: MapName = `${to.includes(':') ? '6' : '4'}${isAny(hostIp) ? '' : 'at'}`;
    const key = { concat: [...(isAny(hostIp) ? [] : [hostIp]), protocol, hostPort] };
    (elements[`to${map}`] ??= []).push([key, to]);
    (elements[`port${map}`] ??= []).push([key, containerPort]);
  }
  return elements;
}
