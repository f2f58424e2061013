import { Fault } from '#base/fault.ts';
import { deleteLink } from '#kernel/netlink/links.ts';
import type { NetlinkRequest } from '#kernel/netlink/message.ts';
import { hostFiles, writeHostFiles } from '#engine/container/host-files.ts';
import { asOwner } from '#engine/container/ownership.ts';
import { containerDirectory, type ContainerRecord } from '#engine/container/record.ts';
import { isUp, observe } from '#engine/container/state.ts';
import { renewPlan } from '#engine/container/stored-plan.ts';
import type { Engine } from '#engine/engine.ts';
import { attachRequests, hostDevice, wayOut } from './attachments.ts';
import { endpointFor } from './claim.ts';
import { insideDevices, isRunning, sendInto } from './inside.ts';
import { networkRecords, type Endpoint, type NetworkRecord, type NetworkRecords } from './record.ts';
import { showNetworks } from './show.ts';
import { attachmentOf, wayOutOf } from './start.ts';
import { wantFirewall, wantNames } from './wanted.ts';
import type { NetworkPlace } from './wishes.ts';

/** Puts a container into one more network; one that runs has the device at once. All or nothing. */
export async function connectNetwork(engine: Engine, container: string, place: NetworkPlace): Promise<void> {
  const records = networkRecords(engine.database);
  const network = records.find(place.network);
  const { id } = engine.containers.find(container);
  const doing = `connect container ${container} to network ${network.name}`;
  await asOwner(engine, id, doing, async (record) => {
    needNetworks(record, doing);
    const endpoint = engine.database.durably(() => {
      const own = records.endpointsOf(id);
      if (own.some((one) => one.network === network.id))
        throw new Fault('alreadyExists', `${doing}: it is in that network already`, { field: 'CONTAINER' });
      const made = endpointFor(records, network, id, freePosition(own), place);
      records.attach(made);
      return made;
    });
    try {
      if (isRunning(engine, id)) {
        const isGateway = wayOutOf(records, id) === network.id;
        await sendInto(engine, id, doing, attachRequests([attachmentOf(network, endpoint, isGateway)]));
      }
    } catch (error) {
      // Some of it may have been done.
      await removeDevice(engine, doing, network, endpoint).catch(() => undefined);
      engine.database.transaction(() => {
        records.detach(id, network.id);
        wantNames(engine);
      });
      throw error;
    }
    await settled(engine, record);
  });
}

/** Takes a container out of a network; one that runs loses the device at once. */
export async function disconnectNetwork(engine: Engine, container: string, nameOrId: string): Promise<void> {
  const records = networkRecords(engine.database);
  const network = records.find(nameOrId);
  const { id } = engine.containers.find(container);
  const doing = `disconnect container ${container} from network ${network.name}`;
  await asOwner(engine, id, doing, async (record) => {
    const endpoint = records.endpointsOf(id).find((one) => one.network === network.id);
    if (endpoint === undefined)
      throw new Fault('conflict', `${doing}: it is not in that network`, { field: 'CONTAINER' });
    if (isRunning(engine, id)) {
      await removeDevice(engine, doing, network, endpoint);
      await sendInto(engine, id, doing, nextWayOut(records, endpoint));
    }
    engine.database.durably(() => {
      records.detach(id, network.id);
      wantNames(engine);
    });
    await settled(engine, record);
  });
}

/**
 * A running container whose networks somebody was changing when he died: it has the devices of its records again, so that
 * what he had recorded is done in full and what he had not is not.
 */
export async function restoreNetworks(engine: Engine, record: ContainerRecord): Promise<void> {
  const records = networkRecords(engine.database);
  const there = insideDevices(engine, record.id);
  const out = wayOutOf(records, record.id);
  for (const endpoint of isRunning(engine, record.id) ? records.endpointsOf(record.id) : []) {
    const network = records.get(endpoint.network);
    if (network === undefined || there.includes(`eth${endpoint.position}`)) continue;
    const requests = attachRequests([attachmentOf(network, endpoint, network.id === out)]);
    await sendInto(engine, record.id, `restore the networks of container ${record.name}`, requests);
  }
  await settled(engine, record);
}

/** Everything that follows from another set of networks. */
async function settled(engine: Engine, record: ContainerRecord): Promise<void> {
  engine.database.transaction(() => {
    wantFirewall(engine);
  });
  // In place: the container has these very files mounted.
  const directory = containerDirectory(engine.root, record.id);
  writeHostFiles(directory, hostFiles(engine, record));
  await showNetworks(engine);
  // Its restarts are to have them, too.
  if (isUp(observe(directory))) await renewPlan(engine, record);
}

function needNetworks({ options }: ContainerRecord, doing: string): void {
  if (!/^(host|none|pasta|container:.*|ns:.*)$/.test(options.network)) return;
  throw new Fault('conflict', `${doing}: its network is "${options.network}", which goes with no other`, {
    field: 'CONTAINER',
  });
}

function freePosition(own: readonly Endpoint[]): number {
  let position = 0;
  while (own.some((one) => one.position === position)) position++;
  return position;
}

async function removeDevice(
  engine: Engine,
  doing: string,
  { driver }: NetworkRecord,
  endpoint: Endpoint,
): Promise<void> {
  const inside: NetlinkRequest = { ...deleteLink(`eth${endpoint.position}`), to: 'target' };
  await sendInto(
    engine,
    endpoint.container,
    doing,
    driver === 'bridge' ? [deleteLink(hostDevice(endpoint))] : [inside],
  );
}

/** What leaves the network that its way out is by goes out by the next one that has any. */
function nextWayOut(records: NetworkRecords, left: Endpoint): NetlinkRequest[] {
  if (wayOutOf(records, left.container) !== left.network) return [];
  for (const endpoint of records.endpointsOf(left.container)) {
    const network = records.get(endpoint.network);
    if (network?.internal === false && network.id !== left.network) return wayOut({ network, endpoint });
  }
  return [];
}
