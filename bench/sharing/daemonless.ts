import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPAN } from '#tools/places.ts';
import { podman } from '#bench/podman.ts';
import type { Store } from './engine.ts';

const remove = (...paths: string[]): void => {
  for (const path of paths) rmSync(path, { recursive: true, force: true });
};

export function sampanStore(directory: string, run: string): Store {
  const sampan = (...args: string[]): string[] => [SAMPAN, '--root', directory, '--run-root', run, ...args];
  return {
    pull: (image) => sampan('pull', '--quiet', image),
    push: (image, target) => sampan('push', '--quiet', image, target),
    save: (image) => sampan('save', image),
    load: () => sampan('load'),
    empty: () => remove(directory, run),
  };
}

export function podmanStore(directory: string, run: string): Store {
  const { command, env, pull } = podman(directory, run, '/');
  return {
    env,
    pull,
    push: (image, target) => command('push', '--quiet', '--tls-verify=false', image, `docker://${target}`),
    save: (image) => command('save', '--quiet', image),
    load: () => command('load', '--quiet'),
    empty: () => {
      // The overlay driver mounts its directory on itself.
      spawnSync('umount', ['--quiet', '--lazy', join(directory, 'root/overlay')]);
      remove(join(directory, 'root'), run);
    },
  };
}
