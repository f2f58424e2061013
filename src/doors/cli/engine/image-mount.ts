import { Fault } from '#base/fault.ts';
import type { Engine } from '#engine/engine.ts';
import { mountedImages, mountImage, unmountImage } from '#engine/image/mount.ts';
import { complain } from '#doors/cli/cli.ts';
import { print, type Io } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { needSession } from './unshare-session.ts';

/** `image mount`: images' files to look at on the host, read-only; without a name, what is mounted. */
export const imageMount: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'Mount all images' },
    format: { kind: 'text', value: 'FORMAT', does: 'json, for the list' },
  },
  args: [0, Infinity],
  act: async ({ args, flags, io, engine: open }) => {
    const format = flags.text('format');
    if (format !== undefined && format !== 'json') {
      throw new Fault('invalid', `"${format}" is not a format of image mount; there is json`, { field: '--format' });
    }
    const engine = await open();
    const all = flags.on('all');
    checkAll(all, args);
    if (args.length > 0 || all) needSession(io.env, 'image mount');
    if (args.length === 0 && !all) return list(engine, io, format === 'json');
    const names = all ? engine.store.images.list().map(({ configDigest }) => configDigest) : args;
    return eachImage(io, names, (name) => mountImage(engine, name));
  },
};

/** `image unmount`: gives mounts back. */
export const imageUnmount: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'Unmount all images' },
    force: { kind: 'switch', short: 'f', does: 'Even if it was mounted several times' },
  },
  args: [0, Infinity],
  act: async ({ args, flags, io, engine: open }) => {
    const engine = await open();
    const all = flags.on('all');
    checkAll(all, args);
    if (args.length === 0 && !all) {
      throw new Fault('invalid', 'image unmount: an image or --all is needed', { facts: { usage: true } });
    }
    const names = all ? mountedImages(engine).map(({ id }) => id) : args;
    return eachImage(io, names, (name) => unmountImage(engine, name, all || flags.on('force')));
  },
};

function checkAll(all: boolean, args: readonly string[]): void {
  if (all && args.length > 0)
    throw new Fault('invalid', 'images by name and --all do not go together', {
      field: '--all',
      facts: { usage: true },
    });
}

/** Goes on after a failure. */
async function eachImage(io: Io, names: readonly string[], work: (name: string) => Promise<string>): Promise<number> {
  let status = 0;
  for (const name of names) {
    try {
      print(io, await work(name));
    } catch (error) {
      status = complain(io, error);
    }
  }
  return status;
}

/** As podman writes it. */
function list(engine: Engine, io: Io, json: boolean): number {
  const mounted = mountedImages(engine);
  const shown = mounted.map(({ id, names, path }) => ({ id, Repositories: names, mountpoint: path }));
  if (json) print(io, JSON.stringify(shown, undefined, 1));
  else
    for (const { id, names, path } of mounted)
      for (const name of names.length === 0 ? [id] : names) print(io, `${name} ${path}`);
  return 0;
}
