/** Calls that several files of tests make, on the world that they have by then. */
import type { CliWorld } from './world.ts';

export interface Calls {
  /** What a shell inside prints with these options, both streams. */
  inside(options: readonly string[], script: string): Promise<string>;
  remove(...names: string[]): Promise<unknown>;
  inspect(name: string, format: string): Promise<string>;
}

export const calls = (world: () => CliWorld): Calls => ({
  inside: async (options, script) => {
    const { stdout, stderr } = await world().sampan('run', '--rm', ...options, world().image, 'sh', '-c', script);
    return stdout + stderr;
  },
  remove: (...names) => world().sampan('rm', '-f', ...names),
  inspect: async (name, format) => (await world().sampan('inspect', '-f', format, name)).stdout.trim(),
});
