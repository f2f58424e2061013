/** A dockerd of our own on a containerd of our own, with cgroup version 1 and no network of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOCKET } from './containerd-world.ts';
import { type Daemon, directoryOf, OURS, run, startDaemon } from './world.ts';

const HOST = `unix://${join('/run/alone', 'docker.sock')}`;
export const DOCKER_ENV = { DOCKER_HOST: HOST };
export const docker = (...args: string[]) => run(['docker', ...args], { env: DOCKER_ENV });

/** Starts it; its containerd has to run. */
export function dockerd(): Promise<Daemon> {
  const place = directoryOf('docker');
  const roots = ['--data-root', `${place}/data`, '--exec-root', `${place}/exec`, '--pidfile', `${place}/pid`];
  const network = '--bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false'.split(' ');
  const runtime = ['--add-runtime', `sampan=${OURS}`, '--default-runtime', 'sampan'];
  const rest = ['--host', HOST, '--containerd', SOCKET, '--exec-opt', 'native.cgroupdriver=cgroupfs'];
  // Whatever the machine's own /etc/docker/daemon.json says is not for this one.
  const config = join(place, 'daemon.json');
  writeFileSync(config, '{}');
  const argv = ['dockerd', '--config-file', config, ...roots, ...network, ...runtime, ...rest];
  return startDaemon(argv, () => docker('version').status === 0);
}
