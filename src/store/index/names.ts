import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';
import { formatReference, parseReference, type Reference } from '#store/reference.ts';

/*
 * A name may mean an image, an index, or both: then the image is one of the index's. Whoever moves one of the two takes
 * the other from a name that it does not fit any more. An index goes with its last name. All inside transactions.
 */

/** The index gets a name, and a name that meant an image of another one means no image any more. */
export function putIndexName(database: Database, id: Digest, reference: Reference): void {
  const name = formatReference(reference);
  database.run(
    `INSERT INTO index_name (name, index_id, kind) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET index_id = excluded.index_id`,
    name,
    id,
    reference.digest === undefined ? 'tag' : 'digest',
  );
  database.run(
    `DELETE FROM image_name WHERE name = ?1 AND image NOT IN
       (SELECT id FROM image WHERE manifest IN (SELECT digest FROM index_blob WHERE index_id = ?2))`,
    name,
    id,
  );
  dropNameless(database);
}

/**
 * An image has got these names. An index keeps one of them when it is what the name has come with, by digest; or when
 * nothing is said of that and the image, of this manifest, is one of its own.
 */
export function imageTookNames(database: Database, references: readonly Reference[], manifest?: Digest): void {
  const came = new Set(references.flatMap(({ digest }) => (digest === undefined ? [] : [digest])));
  for (const reference of references) {
    const name = formatReference(reference);
    const row = database.get<{ id: Digest }>('SELECT index_id AS id FROM index_name WHERE name = ?', name);
    if (row === undefined || came.has(row.id)) continue;
    if (came.size > 0 || manifest === undefined || !leadsTo(database, row.id, manifest)) {
      dropIndexNames(database, [name]);
    }
  }
}

function leadsTo(database: Database, id: Digest, digest: Digest): boolean {
  return database.get('SELECT 1 FROM index_blob WHERE index_id = ? AND digest = ?', id, digest) !== undefined;
}

/** Takes names from indexes. */
export function dropIndexNames(database: Database, names: readonly string[]): void {
  for (const name of names) database.run('DELETE FROM index_name WHERE name = ?', name);
  dropNameless(database);
}

function dropNameless(database: Database): void {
  database.run('DELETE FROM image_index WHERE id NOT IN (SELECT index_id FROM index_name)');
}

/** Images that were unpacked for an index alone, and have no tag: nobody asked for them by themselves. */
export function membersWithoutTag(database: Database, id: Digest): Digest[] {
  return database
    .all<{ id: Digest }>(
      `SELECT id FROM image WHERE manifest IN (SELECT digest FROM index_blob WHERE index_id = ?)
         AND id NOT IN (SELECT image FROM image_name WHERE kind = 'tag')`,
      id,
    )
    .map((row) => row.id);
}

/** The name in full that a person's words mean, a tag beside a digest left aside; undefined when they are none. */
export function fullName(text: string): string | undefined {
  try {
    const reference = parseReference(text);
    const { tag: _, ...byDigest } = reference;
    return formatReference(reference.digest === undefined ? reference : byDigest);
  } catch {
    return undefined; // 64 digits are no name, but may be an ID
  }
}

/** True when an image or an index has this name, which is in full. */
export function isName(database: Database, name: string): boolean {
  return (
    database.get(
      'SELECT 1 FROM image_name WHERE name = ?1 UNION ALL SELECT 1 FROM index_name WHERE name = ?1',
      name,
    ) !== undefined
  );
}
