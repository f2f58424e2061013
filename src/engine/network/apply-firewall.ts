import { closeSync, existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '#base/fault.ts';
import { isAlive } from '#base/process-identity.ts';
import { spawnProgram } from '#kernel/spawn.ts';
import { readAll, scratchFile } from '#kernel/scratch.ts';
import { ownIdentity } from '#engine/container/ownership.ts';
import type { Engine } from '#engine/engine.ts';
import { findTable } from '#kernel/netlink/tables.ts';
import { firewallCommands } from './firewall.ts';
import { publishedPorts } from './ports.ts';
import { networkRecords } from './record.ts';
import { sendRequests } from './send.ts';

const USUAL_ROOT = '/var/lib/sampan';
const PLACES = ['/usr/sbin/nft', '/sbin/nft', '/usr/local/sbin/nft', '/usr/bin/nft'];
const LOOK_AGAIN_MS = 5;
const PATIENCE_MS = 30_000;

/** The table of this root's networks: several roots may be on one machine. */
export const firewallTable = ({ root }: Pick<Engine, 'root'>): string =>
  root === USUAL_ROOT ? 'sampan' : `sampan-${fnv1a(root).toString(16)}`;

/** Of the bytes of a text: 32 bits that tell a handful of roots apart. */
function fnv1a(text: string): number {
  let hash = 0x811c_9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x0100_0193) >>> 0;
  return hash;
}

/**
 * Makes the kernel's rules those of the records. One process does it at a time, for all whose changes were recorded by
 * then; who dies in the middle is succeeded by the next command.
 */
export async function showFirewall(engine: Engine): Promise<void> {
  const target = state(engine).wanted;
  const deadline = Date.now() + PATIENCE_MS;
  while (state(engine).shown < target) {
    const taken = takeTurn(engine);
    if (taken) return await applyAsOwner(engine);
    if (Date.now() > deadline) throw new Fault('conflict', 'set the firewall: another process has been at it for long');
    await sleep(LOOK_AGAIN_MS);
  }
}

/** Whether a process died while it was at it. */
export function isFirewallOpen(engine: Pick<Engine, 'database'>): boolean {
  const { wanted, shown, owner } = state(engine);
  return shown < wanted && (owner === null || !isAlive(owner));
}

interface State {
  wanted: number;
  shown: number;
  owner: string | null;
}

const state = ({ database }: Pick<Engine, 'database'>): State =>
  database.all<State>('SELECT wanted, shown, owner FROM firewall')[0] ?? { wanted: 0, shown: 0, owner: null };

function takeTurn(engine: Engine): boolean {
  return engine.database.transaction(() => {
    const { owner } = state(engine);
    if (owner !== null && isAlive(owner)) return false;
    engine.database.run('UPDATE firewall SET owner = ?', ownIdentity());
    return true;
  });
}

async function applyAsOwner(engine: Engine): Promise<void> {
  const { database } = engine;
  try {
    const { wanted, networks, ports } = database.transaction(() => ({
      wanted: state(engine).wanted,
      networks: networkRecords(database).list(),
      ports: publishedPorts(database),
    }));
    await runNft(engine, firewallCommands(firewallTable(engine), networks, ports));
    database.run('UPDATE firewall SET shown = ?', wanted);
    noteShown(engine);
  } finally {
    database.run('UPDATE firewall SET owner = NULL');
  }
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
