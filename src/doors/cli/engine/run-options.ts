import { isAbsolute, resolve } from 'node:path';
import { existsSync, readFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { Fault } from '#base/fault.ts';
import { parseBytes } from '#base/units.ts';
import { DEFAULT_OPTIONS, type BindMount, type ContainerOptions } from '#engine/container/options.ts';

/** Collects the values of an option that may be given several times. */
export const gather = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** Declares what `run` and `explain` share; spelling and meaning are docker's. */
export function declareContainerOptions(command: Command): void {
  const repeatable = (flags: string, text: string): Option => new Option(flags, text).argParser(gather);
  command
    .passThroughOptions()
    .addOption(
      repeatable('-e, --env <NAME[=VALUE]>', 'Set environment variables (a name alone takes its value from here)'),
    )
    .addOption(repeatable('-v, --volume <SOURCE:DESTINATION[:OPTIONS]>', 'Bind mount a directory or file'))
    .addOption(repeatable('-l, --label <NAME=VALUE>', 'Set metadata'))
    .addOption(repeatable('--cap-add <CAP>', 'Add capabilities'))
    .addOption(repeatable('--cap-drop <CAP>', 'Drop capabilities'))
    .option('--name <NAME>', 'Assign a name')
    .option('-u, --user <NAME|UID[:GROUP|GID]>', 'User the program runs as')
    .option('-w, --workdir <DIR>', 'Working directory')
    .option('--entrypoint <PROGRAM>', "Replace the image's entrypoint")
    .option('-h, --hostname <NAME>', 'Host name')
    .option('-i, --interactive', 'Keep standard input open')
    .option('-t, --tty', 'Give it a terminal')
    .option('--init', 'Run an init that forwards signals and reaps processes')
    .option('-m, --memory <BYTES>', 'Memory limit (512m, 2g)')
    .option('--cpus <NUMBER>', 'Number of processors it may use')
    .option('--pids-limit <NUMBER>', 'Number of processes it may have (-1 for no bound)')
    .option('--network <MODE>', 'none (loopback only) or host', 'none')
    .option('--platform <OS/ARCH>', 'Platform to pull when the image is not here')
    .option('--privileged', 'Give it all capabilities and devices, and no filter')
    .option('--read-only', 'Mount its root read-only')
    .option('--rm', 'Remove the container when it ends')
    .option('--stop-signal <SIGNAL>', 'Signal that stop sends')
    .option('--stop-timeout <SECONDS>', 'How long stop waits before it kills');
}

/** Commander's values as the engine's wish; each refusal names the option. */
export function containerOptions(
  values: Record<string, unknown>,
  command: readonly string[],
  env: Record<string, string | undefined>,
): ContainerOptions {
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const list = (name: string): string[] => (values[name] as string[] | undefined) ?? [];
  const on = (name: string): boolean => values[name] === true;
  const given = <T>(name: string, value: T | undefined): Record<string, T> =>
    value === undefined ? {} : { [name]: value };
  return {
    ...DEFAULT_OPTIONS,
    command,
    env: list('env')
      .map((entry) => environmentEntry(entry, env))
      .filter((entry) => entry !== undefined),
    labels: Object.fromEntries(list('label').map((entry) => splitPair(entry, '--label'))),
    binds: list('volume').map(readBind),
    tty: on('tty'),
    interactive: on('interactive'),
    init: on('init'),
    readOnly: on('readOnly'),
    privileged: on('privileged'),
    autoRemove: on('rm'),
    capAdd: list('capAdd'),
    capDrop: list('capDrop'),
    network: networkMode(text('network') ?? 'none'),
    ...given('entrypoint', text('entrypoint') === undefined ? undefined : [text('entrypoint') ?? ''].filter(Boolean)),
    ...given('user', text('user')),
    ...given('workdir', text('workdir')),
    ...given('hostname', hostname(text('hostname'))),
    ...given('memory', memory(text('memory'))),
    ...given('cpus', positive(text('cpus'), '--cpus')),
    ...given('pidsLimit', whole(text('pidsLimit'), '--pids-limit')),
    ...given('stopSignal', text('stopSignal')),
    ...given('stopTimeout', whole(text('stopTimeout'), '--stop-timeout')),
  };
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

function readBind(text: string): BindMount {
  const [source = '', destination = '', ...rest] = text.split(':');
  const fault = (why: string, hint?: string): Fault =>
    new Fault('invalid', `read --volume "${text}": ${why}`, {
      field: '--volume',
      ...(hint === undefined ? {} : { hint }),
    });
  if (rest.length > 1) throw fault('it has too many colons');
  if (!isAbsolute(destination)) throw fault('write SOURCE:DESTINATION, the destination being an absolute path');
  if (destination === '/') throw fault('the destination is the root itself');
  if (!isAbsolute(source) && !source.startsWith('.'))
    throw fault(
      `"${source}" is a volume name`,
      'Named volumes are not there yet; give a directory as /PATH or ./PATH.',
    );
  const options = (rest[0] ?? '').split(',').filter((option) => option !== '');
  return {
    source: resolve(source),
    destination,
    readOnly: options.includes('ro'),
    options: options.filter((option) => option !== 'ro' && option !== 'rw'),
  };
}

function networkMode(mode: string): 'none' | 'host' {
  if (mode === 'none' || mode === 'host') return mode;
  throw new Fault('unsupported', `read --network: "${mode}" is not there yet`, {
    field: '--network',
    hint: 'Write none (loopback only) or host.',
  });
}

function memory(text: string | undefined): number | undefined {
  const bytes = text === undefined ? undefined : parseBytes(text, '--memory');
  if (bytes === undefined || bytes >= 6 * 2 ** 20) return bytes;
  throw new Fault('invalid', 'read --memory: the least memory limit is 6m', { field: '--memory' });
}

function hostname(text: string | undefined): string | undefined {
  if (text === undefined || /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62})$/.test(text)) return text;
  throw new Fault('invalid', `read --hostname: "${text}" is not a host name`, { field: '--hostname' });
}

function positive(text: string | undefined, field: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text !== '' && Number.isFinite(number) && number > 0) return number;
  throw new Fault('invalid', `read ${field}: "${text}" is not a number above 0`, { field });
}

function whole(text: string | undefined, field: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new Fault('invalid', `read ${field}: "${text}" is not a whole number`, { field });
}

/** Credentials files in the order in which they are looked at: containers' own, then docker's. */
export function readAuthFile(env: Record<string, string | undefined>): unknown {
  const home = env['HOME'] ?? '/root';
  const runtime = env['XDG_RUNTIME_DIR'];
  const places = [
    env['REGISTRY_AUTH_FILE'],
    runtime === undefined ? '/run/containers/0/auth.json' : `${runtime}/containers/auth.json`,
    `${env['XDG_CONFIG_HOME'] ?? `${home}/.config`}/containers/auth.json`,
    `${env['DOCKER_CONFIG'] ?? `${home}/.docker`}/config.json`,
  ];
  const path = places.find((place) => place !== undefined && existsSync(place));
  if (path === undefined) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new Fault('invalid', `read the credentials in ${path}`, { cause });
  }
}
