import { exposedPorts } from '#engine/network/exposed.ts';
import type { ImageConfig } from '#store/image/config.ts';
import type { ContainerRecord } from './container/record.ts';
import { toImage } from './container/health-check.ts';
import { hostnameOf } from './container/spec.ts';

/** What a container was asked to be, with its image's wishes below, under docker's names. */
export function configFields(record: ContainerRecord, image: ImageConfig): Record<string, unknown> {
  const { options } = record;
  const attached = options.stdinOnce !== false;
  const isAttached = (stream: 'stdin' | 'stdout' | 'stderr'): boolean => options.attach?.includes(stream) ?? attached;
  // An entrypoint of the container's own takes the image's command away, too.
  const own = options.entrypoint !== undefined;
  const command = options.command.length > 0 || own ? options.command : (image.Cmd ?? []);
  const entrypoint = options.entrypoint ?? image.Entrypoint ?? [];
  return {
    Hostname: hostnameOf(options, record.id),
    Domainname: options.domainname ?? '',
    User: options.user ?? image.User ?? '',
    AttachStdin: options.interactive && isAttached('stdin'),
    AttachStdout: isAttached('stdout'),
    AttachStderr: isAttached('stderr'),
    ExposedPorts: set(exposedPorts(options, image.ExposedPorts ?? [])),
    Tty: options.tty,
    OpenStdin: options.interactive,
    StdinOnce: options.interactive && attached,
    Env: environment(options.env, image.Env),
    Cmd: command.length === 0 ? null : command,
    Image: record.imageName,
    Volumes: set(options.volumes?.filter(({ anonymous }) => anonymous === true).map(({ destination }) => destination)),
    WorkingDir: options.workdir ?? image.WorkingDir ?? '',
    Entrypoint: entrypoint.length === 0 ? null : entrypoint,
    OnBuild: null,
    Labels: options.labels,
    CreateCommand: ['sampan', 'create', ...(options.createdBy ?? [])],
    StopSignal: options.stopSignal ?? image.StopSignal,
    StopTimeout: options.stopTimeout,
    Healthcheck: options.health && toImage(options.health),
    HealthcheckOnFailureAction: options.healthAction,
  };
}

function environment(own: readonly string[], image: readonly string[] = []): string[] {
  const name = (entry: string): string => entry.split('=', 1)[0] ?? '';
  const mine = new Map(own.map((entry) => [name(entry), entry]));
  return [...mine.values(), ...image.filter((entry) => !mine.has(name(entry)))];
}

/** Names as docker writes a set of them; left out when there are none. */
function set(names: readonly string[] | undefined): Record<string, object> | undefined {
  return names === undefined || names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, {}]));
}
