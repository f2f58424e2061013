import { Fault } from '#base/fault.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';
import { DEFAULT_OPTIONS, type ContainerOptions } from '#engine/container/options.ts';
import { parseRestartPolicy, type RestartPolicy } from '#engine/container/restart-policy.ts';
import { CONFINEMENT_FLAGS, confinementWish } from './confinement-options.ts';
import { HEALTH_FLAGS, healthWish } from './health-options.ts';
import { attachedStreams } from './attached-streams.ts';
import { logWish } from './log-option.ts';
import { readMounts } from './mount-option.ts';
import { NETWORK_FLAGS, networkWishes } from './network-options.ts';
import { readLabelFile, readPairFile } from './env-file.ts';
import { RESOURCE_FLAGS, resourceWish } from './resource-options.ts';
import { SDNOTIFY_FLAG, sdnotifyMode } from './service-options.ts';
import { readVolumes, readVolumesFrom } from './volume-option.ts';

/** What `run` and `explain` share; spelling and meaning are docker's. */
export const CONTAINER_FLAGS: FlagTable = {
  ...RESOURCE_FLAGS,
  ...CONFINEMENT_FLAGS,
  ...NETWORK_FLAGS,
  ...HEALTH_FLAGS,
  attach: { kind: 'list', short: 'a', value: 'STREAM', does: 'Attach to stdin, stdout or stderr alone' },
  'cap-add': { kind: 'list', value: 'CAP', does: 'Add capabilities' },
  'cap-drop': { kind: 'list', value: 'CAP', does: 'Drop capabilities' },
  cidfile: { kind: 'text', value: 'FILE', does: "Write the container's id to a new file" },
  'disable-content-trust': { kind: 'switch', does: 'No effect, as in docker by now' },
  entrypoint: { kind: 'text', value: 'PROGRAM', does: "Replace the image's entrypoint" },
  env: {
    kind: 'list',
    short: 'e',
    value: 'NAME[=VALUE]',
    does: 'Set environment variables (a name alone takes its value from here)',
  },
  'env-file': { kind: 'list', value: 'FILE', does: 'Set environment variables from a file' },
  hostname: { kind: 'text', short: 'h', value: 'NAME', does: 'Host name' },
  init: { kind: 'switch', does: 'Run an init that forwards signals and reaps processes' },
  interactive: { kind: 'switch', short: 'i', does: 'Keep standard input open' },
  label: { kind: 'list', short: 'l', value: 'NAME=VALUE', does: 'Set metadata' },
  'label-file': { kind: 'list', value: 'FILE', does: 'Set metadata from a file' },
  'log-driver': {
    kind: 'text',
    value: 'DRIVER',
    does: 'How it logs: k8s-file (the default), json-file, local, journald or none',
  },
  'log-opt': { kind: 'list', value: 'NAME=VALUE', does: 'Options of the log driver, such as max-size=10m' },
  mount: {
    kind: 'list',
    value: 'KEY=VALUE,...',
    does: 'Mount type=volume, bind, tmpfs or image, by source and target',
  },
  name: { kind: 'text', value: 'NAME', does: 'Assign a name' },
  platform: { kind: 'text', value: 'OS/ARCH', does: 'Platform to pull when the image is not here' },
  'plain-http': { kind: 'switch', does: 'Speak HTTP to a registry that is not on loopback' },
  privileged: { kind: 'switch', does: 'Give it all capabilities and devices, and no filter' },
  pull: { kind: 'text', value: 'POLICY', does: 'always, missing (the default), newer or never' },
  quiet: { kind: 'switch', short: 'q', does: 'Show nothing of a pull' },
  publish: {
    kind: 'list',
    short: 'p',
    value: '[[ADDRESS:]HOST:]PORT[/PROTOCOL]',
    does: 'Lead a port of the host into the container; with --network pasta',
  },
  'read-only': { kind: 'switch', does: 'Mount its root read-only' },
  restart: { kind: 'text', value: 'POLICY', does: 'no (the default), on-failure[:N], always or unless-stopped' },
  rm: { kind: 'switch', does: 'Remove the container when it ends' },
  sdnotify: SDNOTIFY_FLAG,
  'stop-signal': { kind: 'text', value: 'SIGNAL', does: 'Signal that stop sends' },
  'stop-timeout': { kind: 'text', value: 'SECONDS', does: 'How long stop waits before it kills' },
  systemd: {
    kind: 'text',
    value: 'MODE',
    does: 'Make ready for systemd: true (when it is run; the default), always or false',
  },
  tty: { kind: 'switch', short: 't', does: 'Give it a terminal' },
  user: { kind: 'text', short: 'u', value: 'NAME|UID[:GROUP|GID]', does: 'User the program runs as' },
  volume: {
    kind: 'list',
    short: 'v',
    value: '[SOURCE:]DESTINATION[:OPTIONS]',
    does: 'Mount a volume by its name, or a directory or file by its path; a new volume without either',
  },
  'volume-driver': { kind: 'text', value: 'DRIVER', does: 'Driver of volumes that are made; local is the only one' },
  'volumes-from': {
    kind: 'list',
    value: 'CONTAINER[:ro|rw]',
    does: 'Mount what another container has mounted',
  },
  workdir: { kind: 'text', short: 'w', value: 'DIR', does: 'Working directory' },
};

/** An object with the field, or none when there is no value for it. */
export const given = <K extends string, T>(name: K, value: T | undefined): { [Name in K]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { [Name in K]?: T };

/** Flags as the engine's wish; each refusal names the option. */
export function containerOptions(
  flags: Flags,
  command: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ContainerOptions {
  const entrypoint = flags.text('entrypoint');
  const [mounts, confinement] = [readMounts(flags.list('mount')), confinementWish(flags)];
  const asked = readVolumes(flags.list('volume'), flags.text('volume-driver'));
  const volumes = [...asked.volumes, ...mounts.volumes];
  const volumesFrom = readVolumesFrom(flags.list('volumes-from'));
  const tmpfs = [...(confinement.tmpfs ?? []), ...mounts.tmpfs];
  return {
    ...DEFAULT_OPTIONS,
    command,
    env: [...flags.list('env-file').flatMap((path) => readPairFile(path, '--env-file')), ...flags.list('env')]
      .map((entry) => environmentEntry(entry, env))
      .filter((entry) => entry !== undefined),
    labels: Object.fromEntries(
      [...flags.list('label-file').flatMap(readLabelFile), ...flags.list('label')].map((entry) =>
        splitPair(entry, '--label'),
      ),
    ),
    binds: [...asked.binds, ...mounts.binds],
    ...(volumes.length === 0 ? {} : { volumes }),
    ...(mounts.images.length === 0 ? {} : { images: mounts.images }),
    ...(volumesFrom.length === 0 ? {} : { volumesFrom }),
    tty: flags.on('tty'),
    interactive: flags.on('interactive'),
    ...(flags.on('interactive') ? { stdinOnce: !flags.on('detach') } : {}),
    ...given('log', logWish(flags)),
    ...given('attach', attachedStreams(flags)),
    init: flags.on('init'),
    readOnly: flags.on('read-only'),
    privileged: flags.on('privileged'),
    autoRemove: flags.on('rm'),
    capAdd: flags.list('cap-add'),
    capDrop: flags.list('cap-drop'),
    ...networkWishes(flags, env),
    ...given('entrypoint', entrypoint === undefined ? undefined : [entrypoint].filter(Boolean)),
    ...given('user', flags.text('user')),
    ...given('workdir', flags.text('workdir')),
    ...given('hostname', hostname(flags.text('hostname'))),
    ...resourceWish(flags),
    ...healthWish(flags),
    ...confinement,
    ...(tmpfs.length === 0 ? {} : { tmpfs }),
    ...given('restart', restartPolicy(flags)),
    ...given('sdnotify', sdnotifyMode(flags)),
    ...given('stopSignal', flags.text('stop-signal')),
    ...given('systemd', systemdMode(flags.text('systemd') ?? 'true')),
    ...given('stopTimeout', whole(flags.text('stop-timeout'), '--stop-timeout')),
  };
}

function restartPolicy(flags: Flags): RestartPolicy | undefined {
  const policy = parseRestartPolicy(flags.text('restart') ?? 'no');
  if (policy === undefined || !flags.on('rm')) return policy;
  throw new Fault('invalid', 'conflicting options: cannot specify both --restart and --rm', { field: '--restart' });
}

/** `NAME=value`, or `NAME` with the caller's own value; undefined when the caller has none. */
export function environmentEntry(entry: string, env: Record<string, string | undefined>): string | undefined {
  if (entry.startsWith('=') || entry === '')
    throw new Fault('invalid', `read --env: "${entry}" names no variable`, { field: '--env' });
  if (entry.includes('=')) return entry;
  const own = env[entry];
  return own === undefined ? undefined : `${entry}=${own}`;
}

function splitPair(entry: string, field: string): [string, string] {
  const [name = '', ...value] = entry.split('=');
  if (name === '') throw new Fault('invalid', `read ${field}: "${entry}" has no name`, { field });
  return [name, value.join('=')];
}

/** As podman's. */
function systemdMode(mode: string): 'always' | 'never' | undefined {
  if (mode === 'always') return mode;
  if (mode === 'false') return 'never';
  if (mode === 'true') return undefined;
  throw new Fault('invalid', `read --systemd: "${mode}" is none of true, always and false`, { field: '--systemd' });
}

function hostname(text: string | undefined): string | undefined {
  if (text === undefined || /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62})$/.test(text)) return text;
  throw new Fault('invalid', `read --hostname: "${text}" is not a host name`, { field: '--hostname' });
}

function whole(text: string | undefined, field: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new Fault('invalid', `read ${field}: "${text}" is not a whole number`, { field });
}
