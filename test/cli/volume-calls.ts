/** What tests of volumes ask for again and again, on a world that is made later. */
import { expect } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CliWorld, Outcome } from './world.ts';

export interface VolumeCalls {
  /** Names of the volumes that these filters leave. */
  names(...filters: string[]): Promise<string[]>;
  /** A path in a volume as the host sees it. */
  data(name: string, path?: string): string;
  /** Runs a shell in a new container, of the small image unless said otherwise. */
  shell(options: readonly string[], script: string, image?: string): Promise<Outcome>;
  volume(...args: string[]): Promise<Outcome>;
  /** Removes all containers and volumes; nothing may be left. */
  clear(): Promise<void>;
}

export function volumeCalls(world: () => CliWorld): VolumeCalls {
  const volume = (...args: string[]): Promise<Outcome> => world().sampan('volume', ...args);
  return {
    volume,
    names: async (...filters) => {
      const { stdout } = await volume('ls', '-q', ...filters.flatMap((one) => ['--filter', one]));
      return stdout.split('\n').filter(Boolean);
    },
    data: (name, path = '') => join(world().root, 'volumes', name, '_data', path),
    shell: (options, script, image = world().image) =>
      world().sampan('run', '--rm', ...options, image, 'sh', '-c', script),
    clear: async () => {
      const ids = (await world().sampan('ps', '-aq')).stdout.split('\n').filter(Boolean);
      if (ids.length > 0) await world().sampan('rm', '-fv', ...ids);
      await volume('prune', '-af');
      const directory = join(world().root, 'volumes');
      expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([]);
    },
  };
}
