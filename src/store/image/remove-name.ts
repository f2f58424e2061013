import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import { dropIndexNames, fullName } from '#store/index/names.ts';
import { indexesOf, leftByIndexes } from '#store/index/remove.ts';
import { parseReference, type Reference } from '#store/reference.ts';
import type { ImageRecord } from './record.ts';
import type { RemovedImage } from './removed.ts';

export interface RemovalOptions {
  /** Named by ID, an image goes with names in several repositories too. */
  force?: boolean;
  /** Something is made from the image: names go, the image stays. */
  keep?: boolean;
}

/** Takes a name away as docker does; the image goes with the last one. Inside a transaction. */
export function removeName(
  database: Database,
  image: ImageRecord,
  text: string,
  { force = false, keep = false }: RemovalOptions,
): RemovedImage {
  const known = [...image.names, ...image.digests];
  const named = nameAmong(known, text);
  const gone = named === undefined ? known : withItsDigests(image, named);
  const rest = known.filter((name) => !gone.includes(name));
  if (named === undefined && !force) checkSingle(image, text);
  const indexes = indexesOf(database, gone);
  dropNames(database, gone);
  const left = leftByIndexes(database, indexes).filter((id) => id !== image.configDigest);
  if (rest.length > 0) return { untagged: gone, deleted: undefined, last: undefined, left };
  if (!keep) database.run('DELETE FROM image WHERE id = ?', image.configDigest);
  const last = named === undefined ? 'id' : 'name';
  return { untagged: gone, deleted: keep ? undefined : image.configDigest, last, left };
}

/** Takes names away and keeps the image, with none if they were all. Throws `notFound` for one that is not its own. */
export function untagNames(database: Database, image: ImageRecord, texts: readonly string[]): string[] {
  const known = [...image.names, ...image.digests];
  const gone = texts.length === 0 ? known : texts.map((text) => ownName(known, image, text));
  dropNames(database, gone);
  return gone;
}

function ownName(known: readonly string[], image: ImageRecord, text: string): string {
  const name = nameAmong(known, text);
  if (name !== undefined) return name;
  throw new Fault('notFound', `untag ${text}: it is no name of the image ${image.configDigest}`, {
    facts: { image: image.configDigest },
    ...(known.length === 0 ? {} : { hint: `Its names are: ${known.join(', ')}.` }),
  });
}

function dropNames(database: Database, names: readonly string[]): void {
  for (const name of names) database.run('DELETE FROM image_name WHERE name = ?', name);
  dropIndexNames(database, names);
}

/** A repository's digests go with its last tag: nobody has asked to keep them. */
function withItsDigests(image: ImageRecord, named: string): string[] {
  const repository = repositoryOf(parseReference(named));
  const inIt = (name: string): boolean => repositoryOf(parseReference(name)) === repository;
  const tagsLeft = image.names.some((name) => name !== named && inIt(name));
  if (tagsLeft || !image.names.includes(named)) return [named];
  return [named, ...image.digests.filter(inIt)];
}

function checkSingle(image: ImageRecord, text: string): void {
  const repositories = new Set([...image.names, ...image.digests].map((name) => repositoryOf(parseReference(name))));
  if (image.names.length <= 1 && repositories.size <= 1) return;
  const names = [...image.names, ...image.digests].join(', ');
  throw new Fault('conflict', `remove the image ${text}: it has several names: ${names}`, {
    hint: 'Remove it by each of its names, or by force.',
  });
}

function repositoryOf({ registry, repository }: Reference): string {
  return `${registry}/${repository}`;
}

/** The one of `known` that the user's words mean; undefined when they are an ID. */
function nameAmong(known: readonly string[], text: string): string | undefined {
  const full = fullName(text);
  return full !== undefined && known.includes(full) ? full : undefined;
}
