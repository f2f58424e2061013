import { isFault } from '#base/fault.ts';
import { newOwner } from '#store/content/work-area.ts';
import { isDigest, type Digest } from '#store/digest.ts';
import { parseJson, type JsonObject } from '#store/image/json.ts';
import { parseReference } from '#store/reference.ts';
import type { StoreParts } from '#store/parts.ts';
import { OCI_INDEX, OCI_MANIFEST } from '#store/registry/media-types.ts';
import { openFile, unknownBlob } from './blobs.ts';
import { unknownName } from './lists.ts';
import { unknownManifest } from './manifests.ts';
import type { Hosting, Page } from './port.ts';
import { isRepository } from './names.ts';

export type ViewParts = Pick<StoreParts, 'database' | 'blobs' | 'leases'>;

/** Who has fetched a manifest comes for its blobs next; so long these stay, whatever is removed. */
const GRANT_MS = 10 * 60_000;
/** A digest may be that of a layer: what is larger than any document is not read to find that out. */
const LARGEST_MANIFEST = 4 * 1024 * 1024;

/**
 * The engine's store, to be read by neighbours. An image has the repository of its name both with the registry's host
 * (`docker.io/library/debian`) and without it (`library/debian`), so that this can be a mirror in registries.conf. Where
 * two registries have a repository of one path, docker.io comes first, then the first by name.
 */
export function storeView(parts: ViewParts): Hosting {
  const { blobs } = parts;
  const grants = openGrants(parts);
  const has = (repository: string, digest: Digest): boolean =>
    (grants.covers(repository, digest) || belongs(parts, repository, digest)) && blobs.has(digest);
  return {
    repositories: (page) => paged([...new Set(names(parts).flatMap(({ paths }) => paths))].filter(isRepository), page),
    tags: (repository, page) => {
      const found = names(parts).filter(({ paths }) => paths.includes(repository));
      if (found.length === 0) throw unknownName();
      return paged([...new Set(found.flatMap(({ tag }) => (tag === undefined ? [] : [tag])))], page);
    },
    manifest: async (repository, reference) => {
      const digest = manifestDigest(parts, repository, reference);
      if (digest === undefined || !blobs.has(digest) || blobs.size(digest) > LARGEST_MANIFEST) {
        throw unknownManifest(reference);
      }
      const bytes = await blobs.read(digest);
      const mediaType = mediaTypeOf(bytes);
      if (mediaType === undefined) throw unknownManifest(reference);
      grants.give(repository, digest);
      return { digest, mediaType, bytes };
    },
    blobSize: (repository, digest) => {
      if (!has(repository, digest)) throw unknownBlob(digest);
      return blobs.size(digest);
    },
    openBlob: async (repository, digest) => {
      if (!has(repository, digest)) throw unknownBlob(digest);
      return openFile(blobs.path(digest), digest, blobs.size(digest));
    },
    referrers: () => ({ list: [], more: false }),
    close: () => grants.close(),
  };
}

interface Name {
  full: string;
  paths: readonly string[];
  tag: string | undefined;
  digest: Digest | undefined;
}

/** All names of images, docker.io's first. */
function names({ database }: ViewParts): Name[] {
  return database
    .all<{ name: string }>(
      `SELECT name FROM (SELECT name FROM image_name UNION SELECT name FROM index_name)
         ORDER BY name NOT LIKE 'docker.io/%', name`,
    )
    .map(({ name }) => {
      const { registry, repository, tag, digest } = parseReference(name);
      return { full: name, paths: [`${registry}/${repository}`, repository], tag, digest };
    });
}

function paged(all: readonly string[], { limit, after = '' }: Page): string[] {
  return all
    .filter((name) => name > after)
    .sort((a, b) => (a < b ? -1 : 1))
    .slice(0, limit);
}

/**
 * The document that a tag or digest of the repository means. Of an index and an image of one name it is the index, which
 * leads to the image, too. A name by digest may be that of an index that was not kept.
 */
function manifestDigest(parts: ViewParts, repository: string, reference: string): Digest | undefined {
  if (isDigest(reference)) {
    const named = names(parts).some(({ paths, digest }) => digest === reference && paths.includes(repository));
    return named || belongs(parts, repository, reference) ? reference : undefined;
  }
  const found = names(parts).find(({ paths, tag }) => tag === reference && paths.includes(repository));
  if (found === undefined) return undefined;
  const { database } = parts;
  return (
    database.get<{ id: Digest }>('SELECT index_id AS id FROM index_name WHERE name = ?', found.full)?.id ??
    database.get<{ id: Digest }>(
      'SELECT i.manifest AS id FROM image i JOIN image_name n ON n.image = i.id WHERE n.name = ?',
      found.full,
    )?.id
  );
}

/**
 * A document that does not say what it is can only be one of OCI's. Undefined for what is no document: a configuration or
 * a layer.
 */
function mediaTypeOf(bytes: Buffer): string | undefined {
  let json: JsonObject;
  try {
    json = parseJson(bytes, 'manifest');
  } catch (error) {
    if (isFault(error, 'corrupt')) return undefined;
    throw error;
  }
  const { mediaType, manifests, layers } = json;
  if (!Array.isArray(manifests) && !Array.isArray(layers)) return undefined;
  if (typeof mediaType === 'string') return mediaType;
  return manifests === undefined ? OCI_MANIFEST : OCI_INDEX;
}

/** Whether an image or index with a name in the repository has this blob. */
function belongs({ database }: ViewParts, repository: string, digest: Digest): boolean {
  return database
    .all<{ name: string }>(
      `SELECT n.name FROM image_name n JOIN image_blob b ON b.image = n.image WHERE b.digest = ?1
       UNION
       SELECT n.name FROM index_name n JOIN index_blob b ON b.index_id = n.index_id WHERE b.digest = ?1`,
      digest,
    )
    .map(({ name }) => parseReference(name))
    .some(({ registry, repository: path }) => path === repository || `${registry}/${path}` === repository);
}

/** All blobs of the images and indexes that this document belongs to. */
const BLOBS_WITH = `
  SELECT digest FROM image_blob WHERE image IN (SELECT image FROM image_blob WHERE digest = ?1)
  UNION
  SELECT digest FROM index_blob WHERE index_id IN (SELECT index_id FROM index_blob WHERE digest = ?1)`;

interface Grants {
  covers(repository: string, digest: Digest): boolean;
  give(repository: string, manifest: Digest): void;
  close(): void;
}

/** Leases on the blobs of manifests that were handed out; they end with the time, or with this process. */
function openGrants({ database, leases }: ViewParts): Grants {
  const given = new Map<string, { owner: string; digests: Set<Digest>; timer: NodeJS.Timeout }>();
  const end = (key: string): void => {
    const grant = given.get(key);
    if (grant === undefined) return;
    clearTimeout(grant.timer);
    given.delete(key);
    leases.release(grant.owner);
  };
  const give = (repository: string, manifest: Digest): void => {
    const key = `${repository}@${manifest}`;
    const before = given.get(key);
    if (before !== undefined) {
      before.timer.refresh();
      return;
    }
    const owner = newOwner();
    const digests = database.transaction(() => {
      const rows = database.all<{ digest: Digest }>(BLOBS_WITH, manifest);
      for (const { digest } of rows) leases.take(owner, 'blob', digest);
      return new Set(rows.map(({ digest }) => digest));
    });
    const timer = setTimeout(() => end(key), GRANT_MS).unref();
    given.set(key, { owner, digests, timer });
  };
  return {
    give,
    covers: (repository, digest) =>
      [...given].some(([key, { digests }]) => key.startsWith(`${repository}@`) && digests.has(digest)),
    close: () => {
      for (const key of given.keys()) end(key);
    },
  };
}
