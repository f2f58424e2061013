import { parsePrefix } from '#base/ip.ts';
import type { Engine } from '#engine/engine.ts';
import { networkRecords, type Endpoint, type NetworkRecord } from './record.ts';

/** A network in the words of the Engine API. */
export function inspectNetwork(engine: Engine, nameOrId: string): Record<string, unknown> {
  const records = networkRecords(engine.database);
  const network = records.find(nameOrId);
  const { id, name, driver, internal, labels, options, subnets, created, device } = network;
  return {
    Name: name,
    Id: id,
    Created: new Date(created).toISOString(),
    Scope: 'local',
    Driver: driver,
    EnableIPv4: subnets.some(({ subnet }) => !subnet.includes(':')),
    EnableIPv6: subnets.some(({ subnet }) => subnet.includes(':')),
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: subnets.map(({ subnet, gateway, ipRange }) => ({
        Subnet: subnet,
        ...(ipRange === undefined ? {} : { IPRange: ipRange }),
        ...(gateway === undefined ? {} : { Gateway: gateway }),
      })),
    },
    Internal: internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(
      records.endpoints(id).map((endpoint) => [endpoint.container, member(engine, network, endpoint)]),
    ),
    Options: { ...(driver === 'bridge' ? { 'com.docker.network.bridge.name': device } : {}), ...options },
    Labels: labels,
  };
}

function member(engine: Engine, network: NetworkRecord, endpoint: Endpoint): object {
  const withLength = (address: string | undefined): string => {
    const block = network.subnets.find(({ subnet }) => subnet.includes(':') === address?.includes(':'));
    return address === undefined || block === undefined
      ? ''
      : `${address}/${parsePrefix(block.subnet, 'subnet').prefix.length}`;
  };
  return {
    Name: engine.containers.get(endpoint.container)?.name ?? '',
    EndpointID: endpointId(endpoint),
    MacAddress: endpoint.mac,
    IPv4Address: withLength(endpoint.ipv4),
    IPv6Address: withLength(endpoint.ipv6),
  };
}

/** An endpoint has no number of its own; these two name it. */
export const endpointId = ({ container, network }: Endpoint): string => network.slice(0, 32) + container.slice(0, 32);
