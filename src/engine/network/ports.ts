import { readFileSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { randomId } from '#base/ids.ts';
import type { Database } from '#store/database.ts';
import type { PortWish } from './wishes.ts';
import { containerDirectory } from '#engine/container/record.ts';
import { observe } from '#engine/container/state.ts';
import type { Engine } from '#engine/engine.ts';
import { isAny, type Published } from './firewall.ts';
import { listeners, type Listener } from './listeners.ts';
import { wantFirewall, wantNames } from './wanted.ts';

/** A port as it is given: the host's one is known. */
export interface Port {
  container: string;
  protocol: string;
  hostIp: string;
  hostPort: number;
  containerPort: number;
}

interface Row {
  container: string;
  protocol: string;
  host_ip: string;
  host_port: number;
  container_port: number;
}

const fromRow = (row: Row): Port => ({
  container: row.container,
  protocol: row.protocol,
  hostIp: row.host_ip,
  hostPort: row.host_port,
  containerPort: row.container_port,
});

export const portsOf = (database: Database, container: string): Port[] =>
  database.all<Row>('SELECT * FROM port WHERE container = ? ORDER BY container_port, protocol', container).map(fromRow);

export const allPorts = (database: Database): Port[] =>
  database.all<Row>('SELECT * FROM port ORDER BY container_port, protocol').map(fromRow);

/** All that is given, with the addresses that it leads to. */
export function publishedPorts(database: Database): Published[] {
  interface Joined extends Row {
    ipv4: string | null;
    ipv6: string | null;
  }
  // A container with ports is reached in its first network.
  const rows = database.all<Joined>(
    `SELECT port.*, endpoint.ipv4, endpoint.ipv6 FROM port JOIN endpoint ON endpoint.container = port.container
     WHERE endpoint.position = (SELECT min(position) FROM endpoint AS other WHERE other.container = port.container)`,
  );
  return rows.flatMap(({ ipv4, ipv6, ...row }) => {
    const { protocol, hostIp, hostPort, containerPort } = fromRow(row);
    const family = hostIp === '' ? undefined : hostIp.includes(':') ? 6 : 4;
    return [
      ...(ipv4 === null || family === 6 ? [] : [{ protocol, hostIp, hostPort, to: ipv4, containerPort }]),
      ...(ipv6 === null || family === 4 ? [] : [{ protocol, hostIp, hostPort, to: ipv6, containerPort }]),
    ];
  });
}

/**
 * Gives a container that starts its ports, all or none. Those of containers that have ended are taken over. Throws
 * `conflict`, with whoever has the port.
 */
export function claimPorts(engine: Engine, container: string, wishes: readonly PortWish[]): void {
  const { database } = engine;
  const heard = listeners();
  database.transaction(() => {
    const before = database.run('DELETE FROM port WHERE container = ?', container).changes;
    const others = takenByOthers(engine);
    const given: Port[] = [];
    for (const wish of wishes) given.push(portFor(engine, container, wish, [...others, ...given], heard));
    for (const port of given) insert(database, port);
    if (before > 0 || given.length > 0) wantFirewall(engine);
  });
}

/** A container has ended: its ports are free, and nobody finds it by its names. */
export function leaveNetworks({ database }: Pick<Engine, 'database'>, container: string): void {
  if (database.run('DELETE FROM port WHERE container = ?', container).changes > 0) wantFirewall({ database });
  const isMember = database.all('SELECT 1 FROM endpoint WHERE container = ? LIMIT 1', container).length > 0;
  if (isMember) wantNames({ database });
}

function insert(database: Database, { container, protocol, hostIp, hostPort, containerPort }: Port): void {
  database.run(
    'INSERT INTO port (container, protocol, host_ip, host_port, container_port) VALUES (?, ?, ?, ?, ?)',
    container,
    protocol,
    hostIp,
    hostPort,
    containerPort,
  );
}

/** Those of containers that live; the others' are given up here. */
function takenByOthers(engine: Engine): Port[] {
  const ports = engine.database.all<Row>('SELECT * FROM port').map(fromRow);
  const lives = new Map<string, boolean>();
  for (const { container } of ports) if (!lives.has(container)) lives.set(container, isActive(engine, container));
  for (const [container, alive] of lives)
    if (!alive) engine.database.run('DELETE FROM port WHERE container = ?', container);
  return ports.filter(({ container }) => lives.get(container));
}

/** One that is being started has been marked before it asks for its ports. */
function isActive(engine: Engine, container: string): boolean {
  const record = engine.containers.get(container);
  if (record === undefined || !record.active) return false;
  return record.owner !== undefined || observe(containerDirectory(engine.root, container)).status !== 'exited';
}

function portFor(
  engine: Engine,
  container: string,
  wish: PortWish,
  taken: readonly Port[],
  heard: readonly Listener[],
): Port {
  const { protocol, containerPort, hostIp = '' } = wish;
  const [first, last] = rangeOf(wish);
  let reason = '';
  for (const hostPort of candidates(first, last, wish.hostPort === undefined)) {
    const clash = clashOf(engine, { protocol, hostIp, hostPort }, taken, heard);
    if (clash === undefined) return { container, protocol, hostIp, hostPort, containerPort };
    reason = clash;
  }
  throw new Fault('conflict', `publish port ${containerPort}/${protocol}: ${reason}`, { field: '--publish' });
}

const rangeOf = ({ hostPort, hostPortEnd }: PortWish): [number, number] =>
  hostPort === undefined ? ephemeral() : [hostPort, hostPortEnd ?? hostPort];

/** Where the host takes ports from for itself; ours come from there, too, as docker's do. */
function ephemeral(): [number, number] {
  try {
    const [from = 32768, to = 60999] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    return [from, to];
  } catch {
    return [32768, 60999];
  }
}

function* candidates(first: number, last: number, anywhere: boolean): Generator<number> {
  const count = last - first + 1;
  const start = anywhere ? Number.parseInt(randomId().slice(0, 8), 16) % count : 0;
  for (let i = 0; i < count; i++) yield first + ((start + i) % count);
}

type Place = Pick<Port, 'protocol' | 'hostIp' | 'hostPort'>;

function clashOf(engine: Engine, place: Place, taken: readonly Port[], heard: readonly Listener[]): string | undefined {
  const other = taken.find(
    (port) => port.protocol === place.protocol && port.hostPort === place.hostPort && meets(port.hostIp, place.hostIp),
  );
  const at = `${place.hostIp === '' ? '' : `${place.hostIp}:`}${place.hostPort}`;
  if (other !== undefined)
    return `port ${at} is already allocated to container ${engine.containers.get(other.container)?.name ?? other.container}`;
  const program = heard.find(
    (one) => one.protocol === place.protocol && one.port === place.hostPort && meets(one.address, place.hostIp),
  );
  return program === undefined ? undefined : `port ${at} is in use by ${program.who()}`;
}

/** Empty is any address, and so are those of each family that mean all. */
const meets = (a: string, b: string): boolean =>
  a === '' || b === '' || a === b || (a.includes(':') === b.includes(':') && (isAny(a) || isAny(b)));
