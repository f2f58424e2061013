import { setBridgePort, setLink } from '#kernel/netlink/links.ts';
import type { NetlinkRequest } from '#kernel/netlink/message.ts';
import { containerDirectory } from '#engine/container/record.ts';
import { observe } from '#engine/container/state.ts';
import type { Engine } from '#engine/engine.ts';
import { showNetworks } from './show.ts';
import { bridgeRequests, hostDevice } from './attachments.ts';
import { networkRecords, type NetworkRecord } from './record.ts';
import { sendRequests } from './send.ts';
import { networkMtu } from './mtu.ts';
import { wantFirewall } from './wanted.ts';

/** One that was never made, or has just gone with its container, keeps nobody else from being mended. */
const ENODEV = 19;

/** Makes bridges, their ports and the rules again as the records say; returns the networks that somebody is in. */
export async function repairNetworks(engine: Engine): Promise<string[]> {
  const repaired: string[] = [];
  for (const network of networkRecords(engine.database).list()) {
    const requests = network.driver === 'bridge' ? repairRequests(engine, network) : [];
    if (requests.length === 0) continue;
    await sendRequests(engine, `repair network ${network.name}`, requests);
    repaired.push(network.name);
  }
  wantFirewall(engine);
  await showNetworks(engine);
  return repaired;
}

function repairRequests(engine: Engine, network: NetworkRecord): NetlinkRequest[] {
  const living = networkRecords(engine.database)
    .endpoints(network.id)
    .filter(({ container }) => observe(containerDirectory(engine.root, container)).status === 'running');
  if (living.length === 0) return [];
  const ports = living.map((endpoint) => hostDevice(endpoint));
  return [
    ...bridgeRequests({ network, mtu: networkMtu(network) }),
    ...ports.flatMap((name) => [
      { ...setLink('here', { name }, { master: network.link, up: true }), fine: ENODEV },
      { ...setBridgePort(name, { hairpin: true }), fine: ENODEV },
    ]),
  ];
}
