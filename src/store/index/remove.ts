import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import type { Digest } from '#store/digest.ts';
import type { RemovedImage } from '#store/image/removed.ts';
import { dropIndexNames, fullName, membersWithoutTag } from './names.ts';

interface Losing {
  id: Digest;
  members: Digest[];
}

/** The indexes that have any of these names, with images that only they called for. Inside a transaction, as all here. */
export function indexesOf(database: Database, names: readonly string[]): Losing[] {
  const ids = names.flatMap((name) =>
    database.all<{ id: Digest }>('SELECT index_id AS id FROM index_name WHERE name = ?', name).map(({ id }) => id),
  );
  return [...new Set(ids)].map((id) => ({ id, members: membersWithoutTag(database, id) }));
}

/** Of those that are no more, the images. */
export function leftByIndexes(database: Database, indexes: readonly Losing[]): Digest[] {
  const gone = indexes.filter(({ id }) => !isThere(database, id));
  return [...new Set(gone.flatMap(({ members }) => members))];
}

/** Takes a name from an index, or all of them when it is named by its digest; it goes with the last one. */
export function removeIndex(database: Database, id: Digest, text: string): RemovedImage {
  const known = namesOf(database, id);
  const name = fullName(text);
  const untagged = name !== undefined && known.includes(name) ? [name] : known;
  const losing = indexesOf(database, untagged);
  dropIndexNames(database, untagged);
  const deleted = isThere(database, id) ? undefined : id;
  return { untagged, deleted, last: undefined, left: leftByIndexes(database, losing) };
}

/** Takes names from an index, which goes with the last one. Throws `notFound` for one that is not its own. */
export function untagIndex(database: Database, id: Digest, texts: readonly string[] | undefined): string[] {
  const known = namesOf(database, id);
  const gone = texts?.map((text) => ownName(known, id, text)) ?? known;
  dropIndexNames(database, gone);
  return gone;
}

function ownName(known: readonly string[], id: Digest, text: string): string {
  const name = fullName(text);
  if (name !== undefined && known.includes(name)) return name;
  throw new Fault('notFound', `untag ${text}: it is no name of the index ${id}`, {
    facts: { index: id },
    hint: `Its names are: ${known.join(', ')}.`,
  });
}

function namesOf(database: Database, id: Digest): string[] {
  return database
    .all<{ name: string }>('SELECT name FROM index_name WHERE index_id = ? ORDER BY name', id)
    .map(({ name }) => name);
}

function isThere(database: Database, id: Digest): boolean {
  return database.get('SELECT 1 FROM image_index WHERE id = ?', id) !== undefined;
}
