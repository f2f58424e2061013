import { join } from 'node:path';
import type { ImageConfig } from '#store/image/config.ts';
import { processArgs } from './command.ts';
import type { TmpfsMount } from './confinement.ts';
import type { ContainerOptions } from './options.ts';

/** Programs that are systemd, or what most images link to it. */
const INITS = new Set(['/sbin/init', '/usr/sbin/init', '/usr/local/sbin/init']);

/** What systemd wants to find empty and writable, before it has mounted anything: it may not mount itself. */
const DIRECTORIES: Readonly<Record<string, string>> = {
  '/run': 'mode=755',
  '/run/lock': 'mode=1777',
  '/tmp': 'mode=1777',
  '/var/log/journal': 'mode=755',
};

/** What systemd takes for "halt": SIGTERM only makes it run itself anew. */
const STOP_SIGNAL = 'SIGRTMIN+3';

/**
 * The same wish, with what a first program that is systemd needs, where it is one: found by its name, unless the caller
 * has said. What the caller or the image asked for otherwise stays as asked.
 */
export function withSystemd(options: ContainerOptions, image: ImageConfig): ContainerOptions {
  const { systemd, ...others } = options;
  if (systemd === 'never' || (systemd !== 'always' && !isSystemd(processArgs(options, image)[0] ?? ''))) return others;
  const stopSignal = options.stopSignal ?? (image.StopSignal || STOP_SIGNAL);
  return { ...others, systemd: 'always', stopSignal, tmpfs: [...missing(options), ...(options.tmpfs ?? [])] };
}

const isSystemd = (program: string): boolean => INITS.has(program) || program.split('/').at(-1) === 'systemd';

function missing(options: ContainerOptions): TmpfsMount[] {
  return Object.entries(DIRECTORIES)
    .filter(([destination]) => !isMounted(options, destination))
    .map(([destination, mode]) => ({ destination, options: ['exec', 'tmpcopyup', mode] }));
}

/** Whether the caller mounts something exactly there. */
export function isMounted({ tmpfs = [], binds, volumes = [], images = [] }: ContainerOptions, path: string): boolean {
  return [...tmpfs, ...binds, ...volumes, ...images].some(({ destination }) => join('/', destination, '.') === path);
}

/** By these systemd knows that it is in a container, and which machine it is on where the image names none. */
export function systemdEnvironment({ systemd }: ContainerOptions, id: string): string[] {
  if (systemd !== 'always') return [];
  const uuid = [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20, 32)].join('-');
  return ['container=sampan', `container_uuid=${uuid}`];
}
