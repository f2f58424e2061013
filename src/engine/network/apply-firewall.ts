import { closeSync, existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { spawnProgram } from '#kernel/spawn.ts';
import { readAll, scratchFile } from '#kernel/scratch.ts';
import type { Engine } from '#engine/engine.ts';
import { findTable } from '#kernel/netlink/tables.ts';
import { firewallCommands } from './firewall.ts';
import { publishedPorts } from './ports.ts';
import { networkRecords } from './record.ts';
import { sendRequests } from './send.ts';
import { firewallTable, resolverPort } from './table-name.ts';

const PLACES = ['/usr/sbin/nft', '/sbin/nft', '/usr/local/sbin/nft', '/usr/bin/nft'];
/** Replaces the kernel's rules by those of the records; by the one process whose turn it is (show.ts). */
export async function applyFirewall(engine: Engine): Promise<void> {
  const { database } = engine;
  const { networks, ports } = database.transaction(() => ({
    networks: networkRecords(database).list(),
    ports: publishedPorts(database),
  }));
  const table = firewallTable(engine);
  await runNft(engine, firewallCommands({ table, networks, ports, resolverPort: resolverPort(engine) }));
  noteShown(engine);
}

async function runNft({ runDirectory }: Engine, commands: object): Promise<void> {
  const nft = PLACES.find((path) => existsSync(path));
  if (nft === undefined)
    throw new Fault('unavailable', 'set the firewall: the program nft is not installed', {
      hint: 'Install nftables, or use --network none or --network host.',
    });
  const input = scratchFile(runDirectory, Buffer.from(JSON.stringify(commands)));
  const said = scratchFile(runDirectory, undefined);
  try {
    // By its name, so that it is read from its beginning.
    const command = [nft, '-j', '-f', '/dev/stdin'] as const;
    const { code } = await spawnProgram({ command: [...command], stdio: [input, 'ignore', said], env: {} }).ended;
    if (code !== 0)
      throw new Fault('unavailable', `set the firewall: nft: ${readAll(said).toString('utf8').trim()}`, {
        hint: 'The kernel may lack nf_tables; --network none and --network host need none of it.',
      });
  } finally {
    closeSync(input);
    closeSync(said);
  }
}

/** Rules live as long as the boot and the network namespace that they are in. */
const moment = (): string =>
  `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/net')}`;

function noteShown(engine: Engine): void {
  writeFileSync(marker(engine), moment());
}

const marker = ({ runDirectory }: Engine): string => join(runDirectory, 'firewall');

/** Whether the rules were set since this machine started, and nobody has taken the table away. */
export async function isFirewallThere(engine: Engine): Promise<boolean> {
  try {
    if (readFileSync(marker(engine), 'utf8') !== moment()) return false;
    await sendRequests(engine, 'look at the firewall', [findTable(firewallTable(engine))]);
    return true;
  } catch {
    return false;
  }
}
