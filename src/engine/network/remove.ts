import { Fault } from '#base/fault.ts';
import { deleteLinkAt } from '#kernel/netlink/links.ts';
import type { Engine } from '#engine/engine.ts';
import { showNetworks } from './show.ts';
import { DEFAULT_NETWORK } from './create.ts';
import { networkRecords, type NetworkRecord } from './record.ts';
import { repairNetworks } from './repair.ts';
import { sendRequests } from './send.ts';
import { wantFirewall } from './wanted.ts';

/** Removes a network that no container is in, and its bridge. */
export async function removeNetwork(engine: Engine, nameOrId: string): Promise<NetworkRecord> {
  const network = networkRecords(engine.database).find(nameOrId);
  if (network.name === DEFAULT_NETWORK)
    throw new Fault('denied', `remove network ${network.name}: it is the default one`, { field: 'NETWORK' });
  needUnused(engine, network);
  // First the device, by the number that no other has: who dies here leaves a record, whose next container makes the device anew.
  if (network.driver === 'bridge')
    await sendRequests(engine, `remove network ${network.name}`, [deleteLinkAt(network.link)]);
  try {
    engine.database.durably(() => {
      needUnused(engine, network);
      networkRecords(engine.database).remove(network.id);
      wantFirewall(engine);
    });
  } catch (error) {
    // A container has come into it meanwhile, and has no bridge now.
    await repairNetworks(engine);
    throw error;
  }
  await showNetworks(engine);
  return network;
}

function needUnused(engine: Engine, network: NetworkRecord): void {
  const [endpoint] = networkRecords(engine.database).endpoints(network.id);
  if (endpoint === undefined) return;
  const name = engine.containers.get(endpoint.container)?.name ?? endpoint.container;
  throw new Fault('conflict', `remove network ${network.name}: container ${name} is in it`, {
    field: 'NETWORK',
    hint: `sampan rm ${name} removes the container.`,
  });
}

/** Removes all networks that nobody is in, but the default one. */
export async function pruneNetworks(engine: Engine, matches: (network: NetworkRecord) => boolean): Promise<string[]> {
  const removed: string[] = [];
  for (const network of networkRecords(engine.database).list()) {
    if (network.name === DEFAULT_NETWORK || !matches(network)) continue;
    if (networkRecords(engine.database).endpoints(network.id).length > 0) continue;
    await removeNetwork(engine, network.id);
    removed.push(network.name);
  }
  return removed;
}
