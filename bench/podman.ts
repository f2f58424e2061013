import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Podman's limits must lie below what it sets for itself (32768 processes) and what this session may have (20000
 * files on the project's machines); its own defaults are refused without CAP_SYS_RESOURCE.
 */
const LIMITS = ['--ulimit', 'nofile=20000:20000', '--ulimit', 'nproc=30000:30000'];

const PLAIN = '--cgroup-manager cgroupfs --events-backend file --storage-driver overlay --runtime /usr/bin/crun'.split(
  ' ',
);

export interface Podman {
  env: Record<string, string>;
  pull(image: string): string[];
  runTrue(image: string): string[];
  /** Made and not started. */
  createOne(name: string, image: string, ...command: string[]): string[];
  runDetached(name: string, image: string, ...command: string[]): string[];
  command(...args: string[]): string[];
  /** Of `run`, whatever runs. */
  runFlags: readonly string[];
}

/**
 * Podman with stores and configuration of its own below `directory`, with crun as its runtime. `runRoot` holds its
 * state of this boot; podman refuses one of more than 50 characters.
 */
export function podman(directory: string, runRoot: string, cgroupParent: string): Podman {
  mkdirSync(directory, { recursive: true });
  const configuration = join(directory, 'containers.conf');
  writeFileSync(
    configuration,
    '[containers]\nlog_driver = "k8s-file"\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
  );
  const registries = join(directory, 'registries.conf');
  writeFileSync(registries, 'unqualified-search-registries = []\n');
  const stores = ['--root', join(directory, 'root'), '--runroot', runRoot];
  const base = ['podman', ...stores, ...PLAIN];
  const runFlags = ['--network', 'none', '--cgroup-parent', cgroupParent, ...LIMITS];
  const run = ['run', ...runFlags];
  return {
    env: { CONTAINERS_CONF: configuration, CONTAINERS_REGISTRIES_CONF: registries },
    pull: (image) => [...base, 'pull', '-q', '--tls-verify=false', image],
    runTrue: (image) => [...base, ...run, '--rm', image, 'true'],
    createOne: (name, image, ...command) => [...base, 'create', ...runFlags, '--name', name, image, ...command],
    runDetached: (name, image, ...command) => [...base, ...run, '-d', '--name', name, image, ...command],
    command: (...args) => [...base, ...args],
    runFlags,
  };
}
