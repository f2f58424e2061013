import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './daemon.ts';
import type { Store } from './engine.ts';

const NO_NETWORK = '--bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false'.split(' ');

/** A dockerd of its own on a containerd of our own, with overlay2. */
export async function startDockerd(
  directory: string,
  run: string,
  containerd: string,
): Promise<Daemon & { store: Store; command(...args: string[]): string[] }> {
  for (const path of [directory, run]) mkdirSync(path, { recursive: true });
  const host = `unix://${join(run, 'd.sock')}`;
  // Whatever the machine's own /etc/docker/daemon.json says is not for this one.
  const config = join(directory, 'daemon.json');
  writeFileSync(config, '{}');
  const roots = ['--data-root', join(directory, 'data'), '--exec-root', join(run, 'exec')];
  const rest = ['--pidfile', join(run, 'pid'), '--host', host, '--containerd', containerd];
  const docker = (...args: string[]): string[] => ['docker', '--host', host, ...args];
  const argv = ['dockerd', '--config-file', config, '--storage-driver', 'overlay2', ...roots, ...NO_NETWORK, ...rest];
  const daemon = await startDaemon(argv, docker('version'), join(directory, 'log'));
  return {
    stop: () => daemon.stop(),
    command: docker,
    store: {
      pull: (image) => docker('pull', '--quiet', image),
      push: (image, target) => [
        'sh',
        '-c',
        'docker --host "$0" tag "$1" "$2" && exec docker --host "$0" push --quiet "$2"',
        host,
        image,
        target,
      ],
      save: (image) => docker('save', image),
      load: () => docker('load', '--quiet'),
      empty: () => emptyStore(docker),
    },
  };
}

function emptyStore(docker: (...args: string[]) => string[]): void {
  const [command = '', ...args] = docker('images', '--quiet', '--no-trunc');
  const ids = new Set(execFileSync(command, args, { encoding: 'utf8' }).split('\n').filter(Boolean));
  if (ids.size > 0) execFileSync(command, docker('rmi', '--force', ...ids).slice(1), { stdio: 'ignore' });
}
