import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { isAlive } from '#base/process-identity.ts';
import { spawnProgram } from '#kernel/spawn.ts';
import type { Engine } from '#engine/engine.ts';
import { DEFAULT_NETWORK } from './create.ts';
import { networkRecords, type NetworkRecord } from './record.ts';
import { resolverPort } from './table-name.ts';
import { textOf } from './text-of.ts';

/** Whether containers of a network find each other by name: not so in the default one, as everywhere. */
export const hasNames = ({ name, driver }: Pick<NetworkRecord, 'name' | 'driver'>): boolean =>
  driver === 'bridge' && name !== DEFAULT_NETWORK;

/** Where the resolver of a network is asked: at the host's address in it. */
export const resolverAddress = ({ subnets }: NetworkRecord): string | undefined =>
  subnets.map(({ gateway }) => gateway).find((address) => address !== undefined);

/** Writes for the resolver who is in which network, and sees to it that there is one. */
export async function writeNames(engine: Engine): Promise<void> {
  const directory = join(engine.runDirectory, 'names');
  const text = namesText(engine);
  if (text === '' && textOf(join(directory, 'names')) === '') return;
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o755); // it is read by a process without rights
  const aside = join(directory, 'names.new');
  writeFileSync(aside, text, { mode: 0o644 });
  renameSync(aside, join(directory, 'names'));
  // After the file: a resolver that ends because there was nobody looks into it once more.
  if (text !== '' && !isAlive(textOf(join(directory, 'resolver')))) await startResolver(engine, directory);
}

async function startResolver({ self }: Engine, directory: string): Promise<void> {
  const [program = ''] = self;
  const { ended } = spawnProgram({
    command: [program, 'network-resolver', directory],
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {},
  });
  const { code } = await ended;
  if (code !== 0) throw new Fault('unavailable', `start the resolver of names: exit status ${code ?? 'none'}`);
}

/** Lines as front/resolver_names.h has them, for networks that living containers are in. */
function namesText(engine: Pick<Engine, 'database' | 'containers' | 'root'>): string {
  const records = networkRecords(engine.database);
  const numbers = new Map<string, number>();
  const [networks, peers]: [string[], string[]] = [[], []];
  for (const network of records.list().filter(hasNames)) {
    const address = resolverAddress(network);
    const living = records.livingEndpoints(network.id);
    if (address === undefined || living.length === 0) continue;
    const at = networks.length;
    networks.push(`network ${address} ${resolverPort(engine)} ${network.internal ? 'closed' : 'open'}`);
    for (const { container, name, ipv4 = '-', ipv6 = '-', aliases } of living) {
      const number = numbers.get(container) ?? numbers.size;
      numbers.set(container, number);
      const names = [name, container.slice(0, 12), ...aliases];
      peers.push(`peer ${number} ${at} ${ipv4} ${ipv6} ${names.join(' ')}`);
    }
  }
  return [...networks, ...peers].map((line) => `${line}\n`).join('');
}
