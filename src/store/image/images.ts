import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';
import { formatReference, parseReference, type Reference } from '#store/reference.ts';
import type { ImageRecord } from './record.ts';
import { findImageId } from './find.ts';

export interface RemovedImage {
  /** Names that are no more, in full. */
  untagged: string[];
  /** ID of the image when it went with its last name. */
  deleted: Digest | undefined;
}

/** The table of images. Layers and blobs that a removal leaves without use stay until `collect`. */
export interface Images {
  /** Latest pull first. */
  list(): ImageRecord[];
  /**
   * By name (`debian`, `debian:12`, `debian@sha256:...`), by ID or digest, whole or the start of one, with or without
   * `sha256:`. Throws `conflict` for a start that several images share.
   */
  find(name: string): ImageRecord | undefined;
  /** Records an image and moves the names given to it. Joins a transaction. */
  put(image: Omit<ImageRecord, 'names' | 'digests'>, names: readonly Reference[]): void;
  /** Gives a further name to an image. Throws `notFound`. */
  tag(name: string, target: Reference): void;
  /**
   * Takes a name away, and the image with its last tag. Named by ID, the image goes with all of its names; with
   * several tags only by force (`conflict`). Throws `notFound`.
   */
  remove(name: string, options?: { force?: boolean }): RemovedImage;
}

interface Row {
  id: Digest;
  manifest: Digest;
  chain: string;
  size: number;
  platform: string;
  config: string;
  layers: string;
  created: number;
}

export function openImages(database: Database): Images {
  const names = (id: string): { name: string; kind: 'tag' | 'digest' }[] =>
    database.all('SELECT name, kind FROM image_name WHERE image = ? ORDER BY name', id);
  const read = (row: Row): ImageRecord => fromRow(row, names(row.id));
  const find = (name: string): ImageRecord | undefined => {
    const id = findImageId(database, name);
    const row = id === undefined ? undefined : database.get<Row>('SELECT * FROM image WHERE id = ?', id);
    return row === undefined ? undefined : read(row);
  };
  const needed = (name: string): ImageRecord => {
    const image = find(name);
    if (image === undefined) throw new Fault('notFound', `no image is called "${name}"`, { facts: { image: name } });
    return image;
  };
  return {
    list: () => database.all<Row>('SELECT * FROM image ORDER BY pulled DESC, id').map(read),
    find,
    put: (image, references) =>
      database.transaction(() => {
        putImage(database, image);
        for (const reference of references) putName(database, image.configDigest, reference);
      }),
    tag: (name, target) => database.transaction(() => putName(database, needed(name).configDigest, target)),
    remove: (name, { force = false } = {}) =>
      database.transaction(() => removeName(database, needed(name), name, force)),
  };
}

function fromRow(row: Row, names: readonly { name: string; kind: 'tag' | 'digest' }[]): ImageRecord {
  const ofKind = (kind: string): string[] => names.filter((name) => name.kind === kind).map(({ name }) => name);
  return {
    names: ofKind('tag'),
    digests: ofKind('digest'),
    manifestDigest: row.manifest,
    configDigest: row.id,
    chainId: row.chain,
    created: row.created,
    size: row.size,
    platform: row.platform,
    config: JSON.parse(row.config) as ImageRecord['config'],
    layers: JSON.parse(row.layers) as ImageRecord['layers'],
  };
}

function putImage(database: Database, image: Omit<ImageRecord, 'names' | 'digests'>): void {
  database.run(
    `INSERT INTO image (id, manifest, chain, size, platform, config, layers, created, pulled)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET
       manifest = excluded.manifest, chain = excluded.chain, size = excluded.size, platform = excluded.platform,
       config = excluded.config, layers = excluded.layers, created = excluded.created, pulled = excluded.pulled`,
    image.configDigest,
    image.manifestDigest,
    image.chainId,
    image.size,
    image.platform,
    JSON.stringify(image.config),
    JSON.stringify(image.layers),
    image.created,
    Date.now(),
  );
}

function putName(database: Database, image: Digest, reference: Reference): void {
  database.run(
    'INSERT INTO image_name (name, image, kind) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET image = excluded.image',
    formatReference(reference),
    image,
    reference.digest === undefined ? 'tag' : 'digest',
  );
}

function removeName(database: Database, image: ImageRecord, name: string, force: boolean): RemovedImage {
  const known = [...image.names, ...image.digests];
  const named = nameAmong(known, name);
  const others = image.names.filter((tag) => tag !== named);
  if (named !== undefined && others.length > 0) {
    database.run('DELETE FROM image_name WHERE name = ?', named);
    return { untagged: [named], deleted: undefined };
  }
  if (named === undefined && others.length > 1 && !force) {
    throw new Fault('conflict', `remove the image ${name}: it has several names: ${others.join(', ')}`, {
      hint: 'Remove it by each of its names, or by force.',
    });
  }
  database.run('DELETE FROM image WHERE id = ?', image.configDigest);
  return { untagged: known, deleted: image.configDigest };
}

/** The one of `known` that the user's words mean; undefined when they are an ID. */
function nameAmong(known: readonly string[], text: string): string | undefined {
  try {
    const full = formatReference(parseReference(text));
    return known.includes(full) ? full : undefined;
  } catch {
    return undefined;
  }
}
