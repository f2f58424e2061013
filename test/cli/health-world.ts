/** What the tests of health checks share: a world, and short words for what they ask of it. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'bun:test';
import { cliWorld, type CliWorld } from './world.ts';

export interface Shown {
  State: { Pid: number; Status: string; Health?: { Status: string; FailingStreak: number; Log: Result[] } };
  Config: { Healthcheck?: Record<string, unknown> };
}

export interface Result {
  Start: string;
  End: string;
  ExitCode: number;
  Output: string;
}

export interface HealthWorld extends AsyncDisposable {
  world: CliWorld;
  inspect(name: string): Promise<Shown>;
  /** Output of a command that succeeds and has nothing to complain of. */
  ok(...args: string[]): Promise<string>;
  /** The line of `ps -a`. */
  line(name: string): Promise<string>;
  /** A directory that a container sees as /flag. */
  flags(name: string): string;
  monitorPid(id: string): number;
}

export async function healthWorld(): Promise<HealthWorld> {
  const world = await cliWorld();
  const ok = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await world.call(args);
    expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: '' });
    return stdout.trim();
  };
  await ok('pull', '-q', world.image);
  return {
    world,
    ok,
    inspect: async (name) => (JSON.parse((await world.sampan('inspect', name)).stdout) as [Shown])[0],
    line: async (name) =>
      (await world.sampan('ps', '-a')).stdout.split('\n').find((line) => line.endsWith(` ${name}`)) ?? '',
    flags: (name) => {
      mkdirSync(join(world.root, name), { recursive: true });
      return join(world.root, name);
    },
    monitorPid: (id) => Number(readFileSync(join(world.root, 'containers', id, 'lock'), 'latin1').split(' ')[0]),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** Checks that come soon, and two failures are enough. */
export const FAST = ['--health-interval', '50ms', '--health-retries', '2'];

export const isRunning = (command: string): boolean => Bun.spawnSync(['pgrep', '-fx', command]).exitCode === 0;

/** Ended; its parent may take a second to say goodbye. */
export const isGone = (pid: number): boolean =>
  !existsSync(`/proc/${pid}`) || / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
