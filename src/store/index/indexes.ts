import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';
import type { Reference } from '#store/reference.ts';
import { findIndexId } from './find.ts';
import { putIndexName } from './names.ts';
import type { IndexRecord } from './record.ts';

export type { IndexMember, IndexRecord } from './record.ts';

/** The table of indexes and artifacts; names are taken from them together with images' (image/images.ts). */
export interface Indexes {
  /** Latest first. */
  list(): IndexRecord[];
  /** By name, by digest, or by the start of a digest. Throws `conflict` for a start that several share. */
  find(text: string): IndexRecord | undefined;
  /** Records one, which needs a name, and the blobs that it keeps. Joins a transaction. */
  put(
    index: Omit<IndexRecord, 'names' | 'digests' | 'created'>,
    names: readonly Reference[],
    blobs: Iterable<Digest>,
  ): void;
}

interface Row {
  id: Digest;
  media_type: string;
  kind: IndexRecord['kind'];
  members: string;
  size: number;
  created: number;
}

export function openIndexes(database: Database, meant: (text: string) => string): Indexes {
  return {
    list: () =>
      database.all<Row>('SELECT * FROM image_index ORDER BY created DESC, id').map((row) => read(database, row)),
    find: (text) => {
      const id = findIndexId(database, meant(text));
      const row = id === undefined ? undefined : database.get<Row>('SELECT * FROM image_index WHERE id = ?', id);
      return row === undefined ? undefined : read(database, row);
    },
    put: ({ id, mediaType, kind, members, size }, names, blobs) =>
      database.transaction(() => {
        database.run(
          `INSERT INTO image_index (id, media_type, kind, members, size, created) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO NOTHING`,
          id,
          mediaType,
          kind,
          JSON.stringify(members),
          size,
          Date.now(),
        );
        const link = 'INSERT OR IGNORE INTO index_blob (index_id, digest) SELECT ?, digest FROM blob WHERE digest = ?';
        for (const digest of blobs) database.run(link, id, digest);
        for (const name of names) putIndexName(database, id, name);
      }),
  };
}

function read(database: Database, { id, media_type, kind, members, size, created }: Row): IndexRecord {
  const names = database.all<{ name: string; kind: string }>(
    'SELECT name, kind FROM index_name WHERE index_id = ? ORDER BY name',
    id,
  );
  const ofKind = (wanted: string): string[] => names.filter((one) => one.kind === wanted).map(({ name }) => name);
  return {
    id,
    mediaType: media_type,
    kind,
    names: ofKind('tag'),
    digests: ofKind('digest'),
    members: JSON.parse(members) as IndexRecord['members'],
    size,
    created,
  };
}
