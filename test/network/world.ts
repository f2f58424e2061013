/** A machine of its own as network namespaces: a host with sampan, and a client outside that its uplink leads to. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { SAMPAN } from '#tools/places.ts';
import { cliWorld, type CliWorld } from '#test/cli/world.ts';

export const HOST_ADDRESS = '192.0.2.1';
export const CLIENT_ADDRESS = '192.0.2.2';

export interface Machine {
  /** Runs a program in this namespace to its end; throws when it fails. */
  run(command: readonly string[], timeoutMs?: number): string;
  /** The same, whatever comes of it. */
  try(command: readonly string[], timeoutMs?: number): { status: number | null; stdout: string; stderr: string };
  pid: number;
}

export interface NetworkWorld extends AsyncDisposable {
  host: Machine;
  client: Machine;
  cli: CliWorld;
  /** Name of an image with busybox. */
  image: string;
  sampan(...args: string[]): { status: number | null; stdout: string; stderr: string };
  /** The same; throws when it fails. */
  fine(...args: string[]): string;
  command(...args: string[]): string[];
}

async function namespace(): Promise<{ child: ChildProcess; machine: Machine }> {
  const child = spawn('unshare', ['--net', 'sleep', '900'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  while (isOurs(pid)) await Bun.sleep(5);
  const inside = (command: readonly string[]): string[] => ['-t', String(pid), '-n', ...command];
  const machine: Machine = {
    pid,
    run: (command, timeout = 60_000) =>
      execFileSync('nsenter', inside(command), { encoding: 'utf8', timeout, stdio: ['ignore', 'pipe', 'pipe'] }),
    try: (command, timeout = 60_000) => {
      const { status, stdout, stderr } = spawnSync('nsenter', inside(command), { encoding: 'utf8', timeout });
      return { status, stdout, stderr };
    },
  };
  machine.run(['ip', 'link', 'set', 'lo', 'up']);
  return { child, machine };
}

function isOurs(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net');
  } catch {
    return true;
  }
}

export async function networkWorld(): Promise<NetworkWorld> {
  const cli = await cliWorld();
  const { image } = cli;
  const [host, client] = await Promise.all([namespace(), namespace()]);
  for (const line of [
    `link add up0 mtu 1420 type veth peer name up1 mtu 1420 netns ${client.machine.pid}`,
    `addr add ${HOST_ADDRESS}/24 dev up0`,
    'addr add 2001:db8::1/64 dev up0 nodad',
    'link set up0 up',
    `route add default via ${CLIENT_ADDRESS}`,
  ])
    host.machine.run(['ip', ...line.split(' ')]);
  for (const line of [
    `addr add ${CLIENT_ADDRESS}/24 dev up1`,
    'addr add 2001:db8::2/64 dev up1 nodad',
    'link set up1 up',
  ])
    client.machine.run(['ip', ...line.split(' ')]);
  const pulled = await cli.sampan('pull', '-q', image);
  if (pulled.status !== 0) throw new Error(pulled.stderr);
  const command = (...args: string[]): string[] => [
    'env',
    `SAMPAN_ROOT=${cli.root}`,
    `HOME=${cli.root}`,
    SAMPAN,
    ...args,
  ];
  const world: NetworkWorld = {
    host: host.machine,
    client: client.machine,
    cli,
    image,
    command,
    sampan: (...args) => host.machine.try(command(...args)),
    fine: (...args) => {
      const { status, stdout, stderr } = world.sampan(...args);
      if (status !== 0) throw new Error(`sampan ${args.join(' ')}: status ${status}: ${stderr}`);
      return stdout.trim();
    },
    [Symbol.asyncDispose]: async () => {
      const all = world.sampan('ps', '-aq').stdout.split('\n').filter(Boolean);
      if (all.length > 0) world.sampan('rm', '-f', ...all);
      host.child.kill('SIGKILL');
      client.child.kill('SIGKILL');
      await cli[Symbol.asyncDispose]();
    },
  };
  return world;
}
