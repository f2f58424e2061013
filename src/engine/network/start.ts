import { netlinkStep } from '#kernel/netlink/message.ts';
import type { Step } from '#kernel/plan.ts';
import type { ContainerRecord } from '#engine/container/record.ts';
import type { Engine } from '#engine/engine.ts';
import { isFirewallThere } from './apply-firewall.ts';
import { showNetworks } from './show.ts';
import { attachRequests, hasIpv6, type Attachment } from './attachments.ts';
import { networkMtu } from './mtu.ts';
import { parentNumber } from './device-number.ts';
import { claimPorts } from './ports.ts';
import { networkRecords, type Endpoint, type NetworkRecord, type NetworkRecords } from './record.ts';
import { wantFirewall, wantNames } from './wanted.ts';

/** What a start needs beside its plan: ports, and the host's rules. Nothing for a container without networks. */
export async function prepareNetwork(engine: Engine, { id, options }: ContainerRecord): Promise<void> {
  if ((options.networks ?? []).length === 0) return;
  if ((options.publish ?? []).length > 0) claimPorts(engine, id, options.publish ?? []);
  if (!(await isFirewallThere(engine))) wantFirewall(engine);
  wantNames(engine);
  await showNetworks(engine);
}

/** The steps of the first program that put a container into its networks; `target` is its first process's slot. */
export function networkSteps(engine: Engine, container: string): ((target: string) => Step[]) | undefined {
  const attachments = attachmentsOf(engine, container);
  if (attachments.length === 0) return undefined;
  const requests = attachRequests(attachments);
  return (target) => [
    { ...netlinkStep(requests, target), origin: '--network' },
    ...attachments.flatMap(({ network }) => settings(network.device, network.driver === 'bridge', hasIpv6(network))),
  ];
}

/** The host forwards, and 127.0.0.1 of the host may lead to a container. */
function settings(device: string, isBridge: boolean, ipv6: boolean): Step[] {
  if (!isBridge) return [];
  const write = (path: string): Step => ({
    op: 'write',
    path: `/proc/sys/net/${path}`,
    data: '1',
    origin: '--network',
  });
  return [
    write('ipv4/ip_forward'),
    write(`ipv4/conf/${device}/route_localnet`),
    ...(ipv6 ? [write('ipv6/conf/all/forwarding')] : []),
  ];
}

function attachmentsOf(engine: Engine, container: string): Attachment[] {
  const records = networkRecords(engine.database);
  const out = wayOutOf(records, container);
  return records.endpointsOf(container).flatMap((endpoint) => {
    const network = records.get(endpoint.network);
    return network === undefined ? [] : [attachmentOf(network, endpoint, network.id === out)];
  });
}

/** The network that a container's way out is by: its first one that has any. */
export const wayOutOf = (records: NetworkRecords, container: string): string | undefined =>
  records.endpointsOf(container).find(({ network }) => records.get(network)?.internal === false)?.network;

/** `isGateway`: its way out is by this network. */
export function attachmentOf(network: NetworkRecord, endpoint: Endpoint, isGateway: boolean): Attachment {
  const parent = network.driver === 'bridge' ? {} : { parent: parentNumber(network) };
  return { network, endpoint, isGateway, mtu: networkMtu(network), ...parent };
}
