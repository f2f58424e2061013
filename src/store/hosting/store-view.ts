import { newOwner } from '#store/content/work-area.ts';
import { isDigest, type Digest } from '#store/digest.ts';
import { ownMediaType } from '#store/image/manifest.ts';
import { parseReference } from '#store/reference.ts';
import type { StoreParts } from '#store/parts.ts';
import { openFile, unknownBlob } from './blobs.ts';
import { unknownName } from './lists.ts';
import { unknownManifest } from './manifests.ts';
import type { Hosting, Page } from './port.ts';
import { isRepository } from './names.ts';

export type ViewParts = Pick<StoreParts, 'database' | 'blobs' | 'leases'>;

/** Who has fetched a manifest comes for its blobs next; so long these stay, whatever is removed. */
const GRANT_MS = 10 * 60_000;

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
      if (digest === undefined || !blobs.has(digest)) throw unknownManifest(reference);
      grants.give(repository, digest);
      const bytes = await blobs.read(digest);
      return { digest, mediaType: ownMediaType(bytes), bytes };
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
    .all<{ name: string }>("SELECT name FROM image_name ORDER BY name NOT LIKE 'docker.io/%', name")
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
 * The document that a tag or digest of the repository means. A name by digest may be that of an index: it is served when
 * the store has kept its bytes, by the same `blob` table as all content.
 */
function manifestDigest(parts: ViewParts, repository: string, reference: string): Digest | undefined {
  if (isDigest(reference)) {
    const named = names(parts).some(({ paths, digest }) => digest === reference && paths.includes(repository));
    return named || belongs(parts, repository, reference) ? reference : undefined;
  }
  const found = names(parts).find(({ paths, tag }) => tag === reference && paths.includes(repository));
  if (found === undefined) return undefined;
  return parts.database.get<{ manifest: Digest }>(
    'SELECT i.manifest FROM image i JOIN image_name n ON n.image = i.id WHERE n.name = ?',
    found.full,
  )?.manifest;
}

/** Whether an image with a name in the repository has this blob. */
function belongs({ database }: ViewParts, repository: string, digest: Digest): boolean {
  return database
    .all<{ name: string }>(
      `SELECT DISTINCT n.name FROM image_name n JOIN image_blob b ON b.image = n.image WHERE b.digest = ?`,
      digest,
    )
    .map(({ name }) => parseReference(name))
    .some(({ registry, repository: path }) => path === repository || `${registry}/${path}` === repository);
}

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
      const rows = database.all<{ digest: Digest }>(
        `SELECT digest FROM image_blob WHERE image IN (SELECT image FROM image_blob WHERE digest = ?)`,
        manifest,
      );
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
