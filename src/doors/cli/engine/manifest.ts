import { inspectManifest, inspectVerbosely } from '#engine/manifest/inspect.ts';
import { addToList, annotateList, createList, findList, removeFromList } from '#engine/manifest/list.ts';
import { removeImage } from '#engine/image/remove.ts';
import { usage } from '#doors/cli/flags.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';
import { makeRoom } from './make-room.ts';
import { ACCESS_FLAGS, accessOf, annotationsOf, ENTRY_FLAGS, entryOf } from './manifest-flags.ts';

const ALL = {
  kind: 'switch',
  does: 'Of a multi-platform image take all images, not only the one for this machine',
} as const;

/** `manifest create`: an index out of images. */
export const manifestCreate: Verb = {
  flags: {
    all: ALL,
    amend: { kind: 'switch', short: 'a', does: 'Add to a list that is there' },
    annotation: { kind: 'list', value: 'KEY=VALUE', does: 'Set an annotation of the list' },
    ...ACCESS_FLAGS,
  },
  args: [1, Infinity],
  act: async ({ args: [name = '', ...images], flags, io, engine: open }) => {
    const options = { all: flags.on('all'), amend: flags.on('amend'), annotations: annotationsOf(flags) };
    const engine = await open();
    const digest = await cancellable((signal) =>
      createList(engine, name, images, { ...options, access: accessOf(flags, io, signal) }),
    );
    await makeRoom(engine, io, []);
    print(io, digest);
    return 0;
  },
};

/** `manifest add`: an image more. */
export const manifestAdd: Verb = {
  flags: { all: ALL, ...ENTRY_FLAGS, ...ACCESS_FLAGS },
  args: [2, 2],
  act: async ({ args: [name = '', image = ''], flags, io, engine: open }) => {
    const entry = entryOf(flags);
    const all = flags.on('all');
    if (all && Object.keys(entry).length > 1)
      throw usage('--all takes no --os, --arch and the like: each image has its own');
    const engine = await open();
    const digest = await cancellable((signal) =>
      addToList(engine, name, image, { all, entry, access: accessOf(flags, io, signal) }),
    );
    await makeRoom(engine, io, []);
    print(io, digest);
    return 0;
  },
};

/** `manifest annotate`: what the list says of an entry, or of itself. */
export const manifestAnnotate: Verb = {
  flags: { index: { kind: 'switch', does: 'Annotate the list itself' }, ...ENTRY_FLAGS },
  args: [1, 2],
  act: async ({ args: [name = '', image], flags, io, engine }) => {
    if (flags.on('index') === (image !== undefined)) throw usage('name an image of the list, or give --index');
    const entry = entryOf(flags);
    if (image === undefined && Object.keys(entry).length > 1) throw usage('--index takes --annotation only');
    print(io, await annotateList(await engine(), name, image, entry));
    return 0;
  },
};

/** `manifest remove`: an entry less. */
export const manifestRemove: Verb = {
  flags: {},
  args: [2, 2],
  act: async ({ args: [name = '', image = ''], io, engine }) => {
    print(io, await removeFromList(await engine(), name, image));
    return 0;
  },
};

/** `manifest rm`: whole lists. */
export const manifestRm: Verb = {
  flags: {},
  args: [1, Infinity],
  act: async ({ args, io, engine: open }) => {
    const engine = await open();
    for (const name of args) findList(engine, name);
    for (const name of args) {
      const { untagged, deleted } = await removeImage(engine, name, false);
      for (const one of untagged) print(io, `Untagged: ${one}`);
      if (deleted !== undefined) print(io, `Deleted: ${deleted}`);
    }
    return 0;
  },
};

/** `manifest exists`: by its exit status. */
export const manifestExists: Verb = {
  flags: {},
  args: [1, 1],
  act: async ({ args: [name = ''], engine }) => ((await engine()).store.indexes.find(name)?.kind === 'index' ? 0 : 1),
};

/** `manifest inspect`: as it is written, here or in a registry. */
export const manifestInspect: Verb = {
  flags: { verbose: { kind: 'switch', short: 'v', does: 'Each manifest with its descriptor' }, ...ACCESS_FLAGS },
  args: [1, 1],
  act: async ({ args: [name = ''], flags, io, engine: open }) => {
    const engine = await open();
    const look = flags.on('verbose') ? inspectVerbosely : inspectManifest;
    const found = await cancellable((signal) => look(engine, name, accessOf(flags, io, signal)));
    print(io, JSON.stringify(found, undefined, 4));
    return 0;
  },
};
