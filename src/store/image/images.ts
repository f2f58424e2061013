import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';
import { formatReference, type Reference } from '#store/reference.ts';
import type { ImageRecord } from './record.ts';
import { findIndexId, namedIndexId } from '#store/index/find.ts';
import { imageTookNames, putIndexName } from '#store/index/names.ts';
import { removeIndex, untagIndex } from '#store/index/remove.ts';
import type { Platform } from '#store/platform.ts';
import { findImageId, ownImageId } from './find.ts';
import { removeName, untagNames, type RemovalOptions } from './remove-name.ts';
import type { RemovedImage } from './removed.ts';

export type { RemovedImage } from './removed.ts';

/** The table of images. Layers and blobs that a removal leaves without use stay until `collect`. */
export interface Images {
  /** Latest pull first. */
  list(): ImageRecord[];
  /**
   * By name (`debian`, `debian:12`, `debian@sha256:...`), by ID or digest, whole or the start of one, with or without
   * `sha256:`. What means an index alone is its image for this machine, if that is unpacked. Throws `conflict` for a start
   * that several images share.
   */
  find(name: string): ImageRecord | undefined;
  /** Records an image and moves the names given to it. Joins a transaction. */
  put(image: Omit<ImageRecord, 'names' | 'digests'>, names: readonly Reference[]): void;
  /** Gives a further name to an image, and to the index that the name means as well. Throws `notFound`. */
  tag(name: string, target: Reference): void;
  /** Takes names away (all, when none is given) and keeps the image; gives them in full. Throws `notFound`. */
  untag(name: string, targets: readonly string[]): string[];
  /**
   * Takes a name away, and the image with its last one; a repository's digests go with its last tag. Named by ID, the
   * image goes with all of its names; with several tags or repositories only by force (`conflict`). Throws `notFound`.
   */
  remove(name: string, options?: RemovalOptions): RemovedImage;
  /** Bytes of the files that the layer of a chain ID itself brings; 0 when it is not unpacked. */
  layerSize(chainId: string): number;
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

export function openImages(database: Database, host: Platform, meant: (text: string) => string): Images {
  const names = (id: string): { name: string; kind: 'tag' | 'digest' }[] =>
    database.all('SELECT name, kind FROM image_name WHERE image = ? ORDER BY name', id);
  const read = (row: Row): ImageRecord => fromRow(row, names(row.id));
  const find = (text: string): ImageRecord | undefined => {
    const id = findImageId(database, meant(text), host);
    const row = id === undefined ? undefined : database.get<Row>('SELECT * FROM image WHERE id = ?', id);
    return row === undefined ? undefined : read(row);
  };
  const needed = (name: string): ImageRecord => {
    const image = find(name);
    if (image === undefined) {
      throw new Fault('notFound', `No such image: ${name}`, {
        hint: 'sampan images lists the images there are.',
        facts: { image: name },
      });
    }
    return image;
  };
  const onlyIndex = (name: string): Digest | undefined =>
    ownImageId(database, name) === undefined ? findIndexId(database, name) : undefined;
  return {
    list: () => database.all<Row>('SELECT * FROM image ORDER BY pulled DESC, id').map(read),
    find,
    put: (image, references) =>
      database.transaction(() => {
        putImage(database, image);
        for (const reference of references) putName(database, image.configDigest, reference);
        imageTookNames(database, references, image.manifestDigest);
      }),
    tag: (text, target) =>
      database.transaction(() => {
        const name = meant(text);
        const own = ownImageId(database, name);
        const index = own === undefined ? findIndexId(database, name) : namedIndexId(database, name);
        if (own !== undefined || index === undefined) putName(database, own ?? needed(name).configDigest, target);
        imageTookNames(database, [target]);
        if (index !== undefined) putIndexName(database, index, target);
      }),
    untag: (text, targets) =>
      database.transaction(() => {
        const name = meant(text);
        const index = onlyIndex(name);
        return index === undefined
          ? untagNames(database, needed(name), targets.map(meant))
          : untagIndex(database, index, targets.length === 0 ? undefined : targets.map(meant));
      }),
    remove: (text, options = {}) =>
      database.transaction(() => {
        const name = meant(text);
        const index = onlyIndex(name);
        return index === undefined
          ? removeName(database, needed(name), name, options)
          : removeIndex(database, index, name);
      }),
    layerSize: (chainId) =>
      database.get<{ size: number }>('SELECT size FROM snapshot WHERE key = ? LIMIT 1', chainId)?.size ?? 0,
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
