import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './daemon.ts';
import type { Store } from './engine.ts';

/** Neither the CRI nor other snapshotters than overlayfs are asked for. */
const configuration = (root: string, state: string, socket: string): string => `version = 2
root = "${root}"
state = "${state}"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "${socket}"
`;

export interface Containerd extends Daemon {
  socket: string;
  store: Store;
}

/** A containerd of its own and `ctr` as its client. `run` lies on tmpfs: a short path for its socket. */
export async function startContainerd(directory: string, run: string): Promise<Containerd> {
  for (const path of [directory, run]) mkdirSync(path, { recursive: true });
  const socket = join(run, 'c.sock');
  const file = join(directory, 'config.toml');
  writeFileSync(file, configuration(join(directory, 'root'), join(run, 'state'), socket));
  const ctr = (...args: string[]): string[] => ['ctr', '--address', socket, 'images', ...args];
  const log = join(directory, 'log');
  const daemon = await startDaemon(['containerd', '--config', file], ['ctr', '--address', socket, 'version'], log);
  return {
    socket,
    stop: () => daemon.stop(),
    store: {
      pull: (image) => ctr('pull', '--plain-http', image),
      push: (image, target) => ctr('push', '--plain-http', target, image),
      save: (image) => ctr('export', '-', image),
      load: () => ctr('import', '-'),
      empty: () => emptyStore(ctr),
    },
  };
}

function emptyStore(ctr: (...args: string[]) => string[]): void {
  const [command = '', ...args] = ctr('list', '--quiet');
  const names = execFileSync(command, args, { encoding: 'utf8' }).split('\n').filter(Boolean);
  // With --sync it waits until the content is gone too.
  if (names.length > 0) execFileSync(command, ctr('remove', '--sync', ...names).slice(1), { stdio: 'ignore' });
}
