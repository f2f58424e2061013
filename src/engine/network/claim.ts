import { Fault } from '#base/fault.ts';
import { contains, formatAddress, parseAddress, parsePrefix, type Address } from '#base/ip.ts';
import type { Engine } from '#engine/engine.ts';
import type { NetworkPlace } from './wishes.ts';
import { defaultNetwork, DEFAULT_NETWORK } from './create.ts';
import { freeAddress, isUsable } from './pool.ts';
import { networkRecords, type Endpoint, type NetworkRecord, type NetworkRecords, type Subnet } from './record.ts';

/** Gives a container its places in networks, in the transaction that makes its record. */
export function claimEndpoints(
  { database }: Pick<Engine, 'database'>,
  container: string,
  places: readonly NetworkPlace[],
): void {
  const records = networkRecords(database);
  for (const [position, place] of places.entries()) {
    records.attach(endpointFor(records, records.find(place.network), container, position, place));
  }
}

/** What has to be there before that transaction: the default network, where it is asked for. */
export function prepareNetworks(engine: Engine, places: readonly NetworkPlace[]): void {
  const records = networkRecords(engine.database);
  for (const { network } of places) {
    if (network === DEFAULT_NETWORK) defaultNetwork(engine);
    else records.find(network);
  }
}

/** A container's place in a network, with addresses that are free; throws for a wish that cannot be. */
export function endpointFor(
  records: NetworkRecords,
  network: NetworkRecord,
  container: string,
  position: number,
  place: NetworkPlace,
): Endpoint {
  for (const alias of place.aliases ?? []) checkAlias(alias);
  const others = records.endpoints(network.id);
  const wish = { 4: place.ip, 6: place.ip6 };
  const found: { 4?: string; 6?: string } = {};
  for (const subnet of network.subnets) {
    const { family } = parsePrefix(subnet.subnet, 'subnet').prefix;
    if (found[family] !== undefined) continue;
    const address = addressFor(network, subnet, others, wish[family], family === 4 ? '--ip' : '--ip6');
    if (address !== undefined) found[family] = address;
  }
  for (const family of [4, 6] as const)
    if (wish[family] !== undefined && found[family] === undefined)
      throw new Fault('invalid', `network ${network.name} has no IPv${family} subnet`, {
        field: family === 4 ? '--ip' : '--ip6',
      });
  const mac = place.mac ?? macFor(found[4], container, position);
  if (others.some((other) => other.mac === mac))
    throw new Fault('conflict', `network ${network.name}: another container has the hardware address ${mac}`, {
      field: '--mac-address',
    });
  return {
    container,
    network: network.id,
    position,
    ...(found[4] === undefined ? {} : { ipv4: found[4] }),
    ...(found[6] === undefined ? {} : { ipv6: found[6] }),
    mac,
    aliases: place.aliases ?? [],
  };
}

function addressFor(
  network: NetworkRecord,
  { subnet, gateway, ipRange }: Subnet,
  others: readonly Endpoint[],
  asked: string | undefined,
  field: string,
): string | undefined {
  const { prefix } = parsePrefix(subnet, 'subnet');
  const taken = new Set(others.flatMap(({ ipv4 = '', ipv6 = '' }) => [ipv4, ipv6]));
  if (gateway !== undefined) taken.add(gateway);
  if (asked === undefined) {
    const range = ipRange === undefined ? prefix : parsePrefix(ipRange, 'range').prefix;
    return formatAddress(freeAddress(prefix, range, taken));
  }
  const address = parseAddress(asked, field);
  if (network.subnets.length > 1 && !contains(prefix, address)) return undefined;
  return checkAsked(network, prefix, address, taken, field);
}

function checkAsked(
  network: NetworkRecord,
  prefix: Parameters<typeof isUsable>[0],
  address: Address,
  taken: ReadonlySet<string>,
  field: string,
): string {
  const text = formatAddress(address);
  if (!isUsable(prefix, address))
    throw new Fault(
      'invalid',
      `network ${network.name}: ${text} is not an address of ${network.subnets.map(({ subnet }) => subnet).join(', ')}`,
      { field },
    );
  if (taken.has(text)) throw new Fault('conflict', `network ${network.name}: the address ${text} is in use`, { field });
  return text;
}

/** From the address, so that neighbours need not learn anew who has it; locally administered. */
function macFor(ipv4: string | undefined, container: string, position: number): string {
  const tail =
    ipv4 === undefined
      ? [0, 2, 4, 6].map((at) => container.slice(at + position, at + position + 2))
      : ipv4.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '53', ...tail].join(':');
}

/** A name of the domain name system: it stands in lines that are read by others. */
function checkAlias(alias: string): void {
  if (/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,252}$/.test(alias)) return;
  throw new Fault('invalid', `${JSON.stringify(alias)} is no name for a container in a network`, {
    field: '--network-alias',
  });
}
