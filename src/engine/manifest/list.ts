import { Fault } from '#base/fault.ts';
import { familiarName, formatReference, parseReference, type Reference } from '#store/reference.ts';
import type { IndexRecord } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { hereOrRegistry, nameToGive, type PlaceAccess } from '#engine/image/content-place.ts';
import { changedEntry, emptyIndex, withAnnotations, withChanged, withEntries, type EntryChange } from './edit.ts';

export type { PlaceAccess } from '#engine/image/content-place.ts';
export type { EntryChange } from './edit.ts';

export interface AddRequest {
  access: PlaceAccess;
  /** Of an image that is an index all entries. */
  all: boolean;
  platform?: string;
}

/** Makes an index out of images; gives its digest. With `amend`, one that is there gets them. */
export async function createList(
  engine: Engine,
  name: string,
  images: readonly string[],
  request: AddRequest & { amend: boolean; annotations: Readonly<Record<string, string>> },
): Promise<string> {
  const { amend, annotations } = request;
  return change(engine, nameToGive(name), images, request, (before, entries) => {
    if (before !== undefined && !amend) throw taken(name, 'a manifest list');
    if (before === undefined && engine.store.images.find(name) !== undefined) throw taken(name, 'an image');
    return withEntries(withAnnotations(before ?? emptyIndex({}), annotations), entries);
  });
}

/** Adds an image to an index, with what is said of it. */
export function addToList(
  engine: Engine,
  name: string,
  image: string,
  request: AddRequest & { entry: EntryChange },
): Promise<string> {
  return change(engine, existing(engine, name), [image], request, (before, entries) =>
    withEntries(
      needed(before, name),
      entries.map((entry) => changedEntry(entry, request.entry)),
    ),
  );
}

/** Changes what an index says of an entry, which is named by digest or as an image; of itself without one. */
export function annotateList(
  engine: Engine,
  name: string,
  image: string | undefined,
  entry: EntryChange,
): Promise<string> {
  const digest = image === undefined ? undefined : digestMeant(engine, name, image);
  return change(engine, existing(engine, name), [], undefined, (before) =>
    digest === undefined
      ? withAnnotations(needed(before, name), entry.annotations ?? {})
      : withChanged(needed(before, name), digest, (old) => changedEntry(old, entry)),
  );
}

/** Takes an entry out. */
export async function removeFromList(engine: Engine, name: string, image: string): Promise<string> {
  const digest = digestMeant(engine, name, image);
  return change(engine, existing(engine, name), [], undefined, (before) =>
    withChanged(needed(before, name), digest, () => undefined),
  );
}

/** An index of the store, and no artifact. Throws `notFound`. */
export function findList(engine: Engine, name: string): IndexRecord {
  const index = engine.store.indexes.find(name);
  if (index?.kind === 'index') return index;
  throw new Fault('notFound', `No such manifest list: ${name}`, {
    hint: 'sampan manifest create makes one, sampan pull --all-platforms brings one.',
  });
}

async function change(
  engine: Engine,
  name: Reference,
  images: readonly string[],
  request: AddRequest | undefined,
  edit: Parameters<Engine['store']['changeIndex']>[0]['change'],
): Promise<string> {
  await engine.store.reconcile();
  const signal = request?.access.signal;
  const digest = await engine.store.changeIndex({
    name,
    from: request === undefined ? [] : images.map((image) => hereOrRegistry(engine.store, image, request.access)),
    all: request?.all ?? false,
    change: edit,
    ...(request?.platform === undefined ? {} : { platform: request.platform }),
    ...(signal === undefined ? {} : { signal }),
  });
  await engine.store.collect();
  return digest;
}

function existing(engine: Engine, name: string): Reference {
  const { names, id } = findList(engine, name);
  const asked = nameToGive(name);
  if (names.includes(formatReference(asked))) return asked;
  throw new Fault('invalid', `change the manifest list ${id}: call it by a name`, {
    hint: `Its names are: ${names.map((one) => familiarName(parseReference(one))).join(', ')}.`,
  });
}

function digestMeant(engine: Engine, list: string, image: string): string {
  if (/^sha(256|512):[0-9a-f]+$/.test(image)) return image;
  const digest = /@(sha(?:256|512):[0-9a-f]+)$/.exec(image)?.[1];
  if (digest !== undefined) return digest;
  const { images, indexes } = engine.store;
  const found = images.find(image)?.manifestDigest ?? indexes.find(image)?.id;
  if (found !== undefined) return found;
  throw new Fault('notFound', `find ${image} in the manifest list ${list}: no such image`, {
    hint: `Name the entry by its digest: sampan manifest inspect ${list} shows them.`,
  });
}

function needed<T>(before: T | undefined, name: string): T {
  if (before !== undefined) return before;
  throw new Fault('notFound', `No such manifest list: ${name}`);
}

function taken(name: string, what: string): Fault {
  return new Fault('alreadyExists', `create the manifest list ${name}: there is ${what} of this name`, {
    hint: 'Choose another name, or add to a list with --amend.',
  });
}
