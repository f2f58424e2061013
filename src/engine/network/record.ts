import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';

export const NETWORK_DRIVERS = ['bridge', 'macvlan', 'ipvlan'] as const;
export type NetworkDriver = (typeof NETWORK_DRIVERS)[number];

/** Addresses of a network, as text: a block, the host's own address in it, and where containers' come from. */
export interface Subnet {
  subnet: string;
  gateway?: string;
  ipRange?: string;
}

export interface NetworkRecord {
  id: string;
  name: string;
  driver: NetworkDriver;
  /** Device of the host: the bridge that is made for it, or the one below a macvlan or ipvlan. */
  device: string;
  /** Number of the bridge among the host's devices, chosen by us so that plans can name it before it is there. */
  link: number;
  subnets: readonly Subnet[];
  /** No way out of it. */
  internal: boolean;
  labels: Readonly<Record<string, string>>;
  options: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  created: number;
}

/** A container's place in a network. Its addresses are its own until it is removed or taken off the network. */
export interface Endpoint {
  container: string;
  network: string;
  /** Of its device: 0 is eth0. */
  position: number;
  ipv4?: string;
  ipv6?: string;
  mac: string;
  aliases: readonly string[];
}

interface NetworkRow {
  id: string;
  name: string;
  driver: NetworkDriver;
  device: string;
  link: number;
  subnets: string;
  internal: number;
  labels: string;
  options: string;
  created: number;
}

interface EndpointRow {
  container: string;
  network: string;
  position: number;
  ipv4: string | null;
  ipv6: string | null;
  mac: string;
  aliases: string;
}

const fromRow = (row: NetworkRow): NetworkRecord => ({
  ...row,
  subnets: JSON.parse(row.subnets) as Subnet[],
  internal: row.internal === 1,
  labels: JSON.parse(row.labels) as Record<string, string>,
  options: JSON.parse(row.options) as Record<string, string>,
});

const endpointOf = ({ ipv4, ipv6, aliases, ...row }: EndpointRow): Endpoint => ({
  ...row,
  ...(ipv4 === null ? {} : { ipv4 }),
  ...(ipv6 === null ? {} : { ipv6 }),
  aliases: JSON.parse(aliases) as string[],
});

export interface NetworkRecords {
  list(): NetworkRecord[];
  byName(name: string): NetworkRecord | undefined;
  get(id: string): NetworkRecord | undefined;
  /** By name, id or an unambiguous start of an id; `notFound` and `conflict` otherwise. */
  find(nameOrId: string): NetworkRecord;
  insert(record: NetworkRecord): void;
  remove(id: string): void;
  endpoints(network: string): Endpoint[];
  /** Those of a container, by position. */
  endpointsOf(container: string): Endpoint[];
  /** Those of containers that run, or are being started, with their names. */
  livingEndpoints(network: string): (Endpoint & { name: string })[];
  attach(endpoint: Endpoint): void;
  detach(container: string, network: string): void;
}

export function networkRecords(database: Database): NetworkRecords {
  const query = (where: string, ...values: string[]): NetworkRecord[] =>
    database.all<NetworkRow>(`SELECT * FROM network ${where}`, ...values).map(fromRow);
  const endpoints = (where: string, value: string): Endpoint[] =>
    database.all<EndpointRow>(`SELECT * FROM endpoint WHERE ${where} = ? ORDER BY position`, value).map(endpointOf);
  return {
    list: () => query('ORDER BY name'),
    byName: (name) => query('WHERE name = ?', name)[0],
    get: (id) => query('WHERE id = ?', id)[0],
    find: (nameOrId) => findOne(query, nameOrId),
    insert: (record) =>
      void database.run(
        `INSERT INTO network (id, name, driver, device, link, subnets, internal, labels, options, created)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        record.id,
        record.name,
        record.driver,
        record.device,
        record.link,
        JSON.stringify(record.subnets),
        Number(record.internal),
        JSON.stringify(record.labels),
        JSON.stringify(record.options),
        record.created,
      ),
    remove: (id) => void database.run('DELETE FROM network WHERE id = ?', id),
    endpoints: (network) => endpoints('network', network),
    endpointsOf: (container) => endpoints('container', container),
    livingEndpoints: (network) =>
      database
        .all<EndpointRow & { name: string }>(
          `SELECT endpoint.*, containers.name FROM endpoint JOIN containers ON containers.id = endpoint.container
           WHERE network = ? AND containers.active = 1 ORDER BY containers.created`,
          network,
        )
        .map((row) => ({ ...endpointOf(row), name: row.name })),
    attach: ({ container, network, position, ipv4, ipv6, mac, aliases }) =>
      void database.run(
        'INSERT INTO endpoint (container, network, position, ipv4, ipv6, mac, aliases) VALUES (?, ?, ?, ?, ?, ?, ?)',
        container,
        network,
        position,
        ipv4 ?? null,
        ipv6 ?? null,
        mac,
        JSON.stringify(aliases),
      ),
    detach: (container, network) =>
      void database.run('DELETE FROM endpoint WHERE container = ? AND network = ?', container, network),
  };
}

function findOne(query: (where: string, ...values: string[]) => NetworkRecord[], nameOrId: string): NetworkRecord {
  const exact = query('WHERE name = ?1 OR id = ?1 ORDER BY id = ?1 DESC', nameOrId)[0];
  if (exact !== undefined) return exact;
  const started = /^[0-9a-f]+$/.test(nameOrId) ? query('WHERE substr(id, 1, length(?)) = ?', nameOrId, nameOrId) : [];
  const [first, second] = started;
  if (first === undefined)
    throw new Fault('notFound', `network ${nameOrId} not found`, {
      hint: 'sampan network ls lists the networks there are.',
    });
  if (second !== undefined) throw new Fault('conflict', `find network ${nameOrId}: several ids start so`);
  return first;
}
