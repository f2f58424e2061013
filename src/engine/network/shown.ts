import { parsePrefix } from '#base/ip.ts';
import type { Engine } from '#engine/engine.ts';
import { endpointId } from './inspect.ts';
import { pastaPorts } from './pasta.ts';
import { portsOf, type Port } from './ports.ts';
import { networkRecords, type Endpoint, type NetworkRecord } from './record.ts';
import type { NetworkWishes, PortWish } from './wishes.ts';

/** A port as `ps` shows it: what leads to it, or itself alone. */
export function shownPorts(ports: readonly Omit<Port, 'container'>[]): string {
  return ports
    .flatMap(({ hostIp, hostPort, containerPort, protocol }) =>
      hostAddresses(hostIp).map((address) => `${inBrackets(address)}:${hostPort}->${containerPort}/${protocol}`),
    )
    .join(', ');
}

/** Without an address both families are meant. */
export const hostAddresses = (hostIp: string): string[] => (hostIp === '' ? ['0.0.0.0', '::'] : [hostIp]);
export const inBrackets = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** `NetworkSettings` of the Engine API, but for its sandbox. */
export function networkSettings(engine: Engine, container: string, wishes: NetworkWishes): Record<string, unknown> {
  const records = networkRecords(engine.database);
  const places = records
    .endpointsOf(container)
    .map((endpoint) => ({ endpoint, network: records.get(endpoint.network) }));
  const shared = { [wishes.network]: { Aliases: null, EndpointID: '', Gateway: '', IPAddress: '', IPPrefixLen: 0 } };
  return {
    Ports: portBindings([...pastaPorts(wishes), ...portsOf(engine.database, container)]),
    Networks:
      places.length === 0
        ? shared
        : Object.fromEntries(
            places.map((place) => [place.network?.name ?? '', placeFields(place.network, place.endpoint)]),
          ),
  };
}

function placeFields(network: NetworkRecord | undefined, endpoint: Endpoint): Record<string, unknown> {
  const subnet = (six: boolean) => network?.subnets.find((one) => one.subnet.includes(':') === six);
  const length = (six: boolean): number => {
    const block = subnet(six)?.subnet;
    return block === undefined ? 0 : parsePrefix(block, 'subnet').prefix.length;
  };
  const { ipv4 = '', ipv6 = '', aliases, mac } = endpoint;
  return {
    Aliases: aliases.length === 0 ? null : aliases,
    DNSNames: null,
    DriverOpts: null,
    EndpointID: endpointId(endpoint),
    Gateway: ipv4 === '' ? '' : (subnet(false)?.gateway ?? ''),
    GlobalIPv6Address: ipv6,
    GlobalIPv6PrefixLen: ipv6 === '' ? 0 : length(true),
    IPAMConfig: null,
    IPAddress: ipv4,
    IPPrefixLen: ipv4 === '' ? 0 : length(false),
    IPv6Gateway: ipv6 === '' ? '' : (subnet(true)?.gateway ?? ''),
    Links: null,
    MacAddress: mac,
    NetworkID: endpoint.network,
  };
}

interface Binding {
  HostIp: string;
  HostPort: string;
}

function portBindings(ports: readonly Omit<Port, 'container'>[]): Record<string, Binding[]> {
  const bindings: Record<string, Binding[]> = {};
  for (const { containerPort, protocol, hostIp, hostPort } of ports)
    (bindings[`${containerPort}/${protocol}`] ??= []).push(
      ...hostAddresses(hostIp).map((HostIp) => ({ HostIp, HostPort: String(hostPort) })),
    );
  return bindings;
}

/** `HostConfig` of the Engine API, as far as it is about networks. */
export const networkFields = (wishes: NetworkWishes): Record<string, unknown> => ({
  Dns: wishes.dns ?? [],
  DnsOptions: wishes.dnsOptions ?? [],
  DnsSearch: wishes.dnsSearch ?? [],
  ExtraHosts: wishes.extraHosts ?? null,
  Links: null,
  NetworkMode: wishes.network,
  PortBindings: wishedBindings(wishes.publish ?? []),
  PublishAllPorts: wishes.publishAll ?? false,
});

function wishedBindings(wishes: readonly PortWish[]): Record<string, Binding[]> {
  const bindings: Record<string, Binding[]> = {};
  for (const { containerPort, protocol, hostIp = '', hostPort, hostPortEnd } of wishes) {
    const range = hostPortEnd === undefined || hostPortEnd === hostPort ? '' : `-${hostPortEnd}`;
    const binding = { HostIp: hostIp, HostPort: hostPort === undefined ? '' : `${hostPort}${range}` };
    (bindings[`${containerPort}/${protocol}`] ??= []).push(binding);
  }
  return bindings;
}
