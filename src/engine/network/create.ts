import { Fault } from '#base/fault.ts';
import { randomId } from '#base/ids.ts';
import { formatAddress, formatPrefix, overlap, parseAddress, parsePrefix, contains, type Prefix } from '#base/ip.ts';
import type { Engine } from '#engine/engine.ts';
import { deviceNames } from './device-names.ts';
import { hostRoutes } from './host-routes.ts';
import { BRIDGE_NAME, checkDriverOptions } from './driver-options.ts';
import { firstAddress, freeSubnet, isUsable, uniqueLocal } from './pool.ts';
import { wantFirewall } from './wanted.ts';
import { networkRecords, NETWORK_DRIVERS, type NetworkDriver, type NetworkRecord, type Subnet } from './record.ts';

export interface NetworkWish {
  name: string;
  driver?: string;
  subnets?: readonly Subnet[];
  ipv6?: boolean;
  internal?: boolean;
  labels?: Readonly<Record<string, string>>;
  options?: Readonly<Record<string, string>>;
}

/** The network of containers that name none. */
export const DEFAULT_NETWORK = 'bridge';
const DEFAULT_DEVICE = 'sampan0';
/** These mean something else where a network is named. */
const RESERVED = new Set(['none', 'host', 'default', 'container', 'ns', 'cni', 'pasta', 'private']);

/** Records a network; its devices are made by the first container that is in it. */
export function createNetwork(engine: Engine, wish: NetworkWish): NetworkRecord {
  checkNetworkName(wish.name);
  const driver = driverOf(wish.driver ?? 'bridge');
  checkDriverOptions(driver, wish.options ?? {});
  const routes = hostRoutes();
  return engine.database.durably(() => {
    const records = networkRecords(engine.database);
    if (records.byName(wish.name) !== undefined)
      throw new Fault('alreadyExists', `network with name ${wish.name} already exists`, { field: 'NETWORK' });
    const id = randomId();
    const known = records.list();
    const record: NetworkRecord = {
      id,
      name: wish.name,
      driver,
      device: deviceOf(wish, driver, id, known),
      link: linkNumber(known, id),
      subnets: subnetsOf(wish, driver, id, known, routes),
      internal: wish.internal === true,
      labels: wish.labels ?? {},
      options: wish.options ?? {},
      created: Date.now(),
    };
    records.insert(record);
    wantFirewall(engine);
    return record;
  });
}

/** The default network, made when it is first asked for. */
export function defaultNetwork(engine: Engine): NetworkRecord {
  const known = networkRecords(engine.database).byName(DEFAULT_NETWORK);
  return known ?? createNetwork(engine, { name: DEFAULT_NETWORK });
}

function checkNetworkName(name: string): void {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(name) && !RESERVED.has(name)) return;
  throw new Fault('invalid', `create network: ${JSON.stringify(name)} is not a name for a network`, {
    field: 'NETWORK',
    hint: 'Letters, digits, "_", "." and "-", and none of the words that --network knows.',
  });
}

function driverOf(name: string): NetworkDriver {
  const found = NETWORK_DRIVERS.find((driver) => driver === name);
  if (found !== undefined) return found;
  throw new Fault('unsupported', `create network: there is no driver ${JSON.stringify(name)}`, {
    field: '--driver',
    hint: `There are ${NETWORK_DRIVERS.join(', ')}.`,
  });
}

function deviceOf(wish: NetworkWish, driver: NetworkDriver, id: string, known: readonly NetworkRecord[]): string {
  if (driver !== 'bridge') return parentOf(wish, driver);
  const there = deviceNames();
  const own = `sp-${id.slice(0, 12)}`;
  const asked = wish.options?.[BRIDGE_NAME];
  // Another root on this machine may have taken the usual name.
  const isUsual = wish.name === DEFAULT_NETWORK && !there.includes(DEFAULT_DEVICE);
  if (asked === undefined) return isUsual ? DEFAULT_DEVICE : own;
  if (known.some(({ device }) => device === asked) || there.includes(asked))
    throw new Fault('conflict', `create network: there is a device ${asked} already`, {
      field: BRIDGE_NAME,
      hint: 'A network has a bridge of its own.',
    });
  return asked;
}

function parentOf({ options = {} }: NetworkWish, driver: NetworkDriver): string {
  const { parent } = options;
  if (parent !== undefined) return parent;
  throw new Fault('invalid', `create network: ${driver} needs a device of the host`, {
    field: '--opt',
    hint: 'Give -o parent=DEVICE.',
  });
}

/** Far from what the kernel counts up to, so that it is free on the host. */
function linkNumber(known: readonly NetworkRecord[], id: string): number {
  let link = 0x1000_0000 + (Number.parseInt(id.slice(0, 7), 16) & 0x0fff_ffff);
  while (known.some((other) => other.link === link)) link++;
  return link;
}

function subnetsOf(
  { subnets = [], ipv6 = false, name }: NetworkWish,
  driver: NetworkDriver,
  id: string,
  known: readonly NetworkRecord[],
  routes: readonly Prefix[],
): Subnet[] {
  const others = known.flatMap((network) =>
    network.subnets.map(({ subnet }) => ({ name: network.name, prefix: parsePrefix(subnet, 'subnet').prefix })),
  );
  const taken = [...others.map(({ prefix }) => prefix), ...routes];
  const asked = subnets.map((subnet) => checkSubnet(subnet));
  for (const { prefix } of asked) {
    const other = others.find((one) => overlap(one.prefix, prefix));
    if (other !== undefined && driver === 'bridge')
      throw new Fault('conflict', `create network: ${formatPrefix(prefix)} overlaps with network ${other.name}`, {
        field: '--subnet',
      });
    const route = driver === 'bridge' ? routes.find((one) => overlap(one, prefix)) : undefined;
    if (route !== undefined)
      throw new Fault(
        'conflict',
        `create network: this machine has a route to ${formatPrefix(route)}, which overlaps with ${formatPrefix(prefix)}`,
        { field: '--subnet' },
      );
  }
  const made = asked.map(({ subnet }) => subnet);
  const has = (family: 4 | 6): boolean => asked.some(({ prefix }) => prefix.family === family);
  if (!has(4) && !(has(6) && name !== DEFAULT_NETWORK)) made.unshift(withGateway(freeSubnet(taken)));
  if (ipv6 && !has(6)) made.push(withGateway(uniqueLocal(id)));
  return made;
}

const withGateway = (prefix: Prefix): Subnet => ({
  subnet: formatPrefix(prefix),
  gateway: formatAddress(firstAddress(prefix)),
});

function checkSubnet({ subnet, gateway, ipRange }: Subnet): { subnet: Subnet; prefix: Prefix } {
  const { prefix } = parsePrefix(subnet, '--subnet');
  const end = prefix.family === 4 ? 30 : 126;
  if (prefix.length < 8 || prefix.length > end)
    throw new Fault(
      'invalid',
      `create network: ${subnet} is too ${prefix.length < 8 ? 'large' : 'small'} for a network`,
      { field: '--subnet' },
    );
  const door = gateway === undefined ? firstAddress(prefix) : parseAddress(gateway, '--gateway');
  if (!isUsable(prefix, door))
    throw new Fault('invalid', `create network: the gateway ${formatAddress(door)} is not in ${formatPrefix(prefix)}`, {
      field: '--gateway',
    });
  const range = ipRange === undefined ? undefined : parsePrefix(ipRange, '--ip-range').prefix;
  if (range !== undefined && (!contains(prefix, range) || range.length < prefix.length))
    throw new Fault('invalid', `create network: ${formatPrefix(range)} is not in ${formatPrefix(prefix)}`, {
      field: '--ip-range',
    });
  const text = { subnet: formatPrefix(prefix), gateway: formatAddress(door) };
  return { prefix, subnet: range === undefined ? text : { ...text, ipRange: formatPrefix(range) } };
}
