import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openClaims } from '#store/claims.ts';
import { openPartials } from '#store/content/partials.ts';
import type { Digest } from '#store/digest.ts';
import type { StoreParts } from '#store/parts.ts';
import { formatPlatform } from '#store/platform.ts';
import type { Reference } from '#store/reference.ts';
import { sweepOrphans } from '#store/upkeep/orphans.ts';
import type { FetchedLayer } from './fetch-layer.ts';
import { keysOf, type LayerJob } from './layers.ts';
import type { ResolvedImage } from './resolve.ts';
import { syncFileSystem } from './sync.ts';

/** A manifest or configuration, written aside. */
export interface Document {
  file: string;
  digest: Digest;
  size: number;
}

/** A layer that is ready, and who has the claim on it. */
export type ClaimedLayer = FetchedLayer & { claimant: string };

export interface CommitRequest {
  /** Bottom first, on top of what is committed. */
  layers: readonly ClaimedLayer[];
  /** Owner of the work area, and a directory of it. */
  owner: string;
  area: string;
  /** The image on top of them, when these are its last ones. */
  image: CommittedImage | undefined;
}

export interface CommittedImage {
  resolved: ResolvedImage;
  documents: readonly Document[];
  jobs: readonly LayerJob[];
  names: readonly Reference[];
}

/**
 * Makes layers visible, and the image with its last ones: everything is on disk first, then one transaction renames it
 * into place and writes the rows. Either all of it is there afterwards or nothing.
 */
export async function commit(parts: StoreParts, request: CommitRequest): Promise<void> {
  const { layers, owner, area, image } = request;
  const drafts = new Map(layers.map(({ chainId, draft }) => [chainId, draft]));
  for (const { parent, draft, implied } of layers) {
    await draft.seal(parent === undefined ? undefined : (drafts.get(parent) ?? parent), implied);
  }
  await syncFileSystem(parts.launcher, area);
  try {
    // Only an image is announced; a layer that a power cut takes is brought again.
    if (image === undefined) parts.database.transaction(() => placeLayers(parts, request));
    else
      parts.database.durably(() => {
        placeLayers(parts, request);
        placeImage(parts, image);
        parts.leases.release(owner);
      });
  } catch (error) {
    // A transaction that failed half-way has renamed files that no row speaks of.
    sweepOrphans(parts);
    throw error;
  }
}

/** Takes over the blob of a layer, when it was not in the store; inside a transaction. */
export function placeBlob({ blobs, leases }: StoreParts, layer: FetchedLayer, owner: string): void {
  const { digest, size } = layer.descriptor;
  if (layer.blobFile !== undefined) blobs.adopt(layer.blobFile, digest, size);
  leases.take(owner, 'blob', digest);
  leases.keep('blob', digest);
}

function placeLayers(parts: StoreParts, { layers, owner }: CommitRequest): void {
  const { database, leases } = parts;
  const claims = openClaims(database);
  for (const layer of layers) {
    const { draft, chainId, parent, size, claimant } = layer;
    placeBlob(parts, layer, owner);
    draft.commit({ chainId, parent, size });
    leases.take(owner, 'snapshot', chainId);
    leases.keep('snapshot', chainId);
    claims.release(claimant);
  }
}

/** An image's own documents, written aside: the flush before the commit puts them on disk. */
export async function writeDocuments(area: string, image: ResolvedImage): Promise<Document[]> {
  const documents: [Digest, Buffer][] = [
    [image.manifestDigest, image.manifestBytes],
    [image.manifest.config.digest, image.configBytes],
  ];
  return Promise.all(
    documents.map(async ([digest, bytes]) => {
      const file = join(area, digest.slice(digest.indexOf(':') + 1));
      await writeFile(file, bytes, { mode: 0o600 });
      return { file, digest, size: bytes.length };
    }),
  );
}

function placeImage(parts: StoreParts, { resolved, documents, jobs, names }: CommittedImage): void {
  const { config, manifest, manifestDigest } = resolved;
  for (const { file, digest, size } of documents) parts.blobs.adopt(file, digest, size);
  const chainId = jobs.at(-1)?.chainId ?? '';
  parts.images.put(
    {
      manifestDigest,
      configDigest: manifest.config.digest,
      chainId,
      created: config.created,
      size: chainId === '' ? 0 : parts.snapshots.size(chainId),
      platform: formatPlatform(config.platform),
      config: config.config,
      layers: jobs.map(({ descriptor, diffId }) => ({ ...descriptor, diffId })),
    },
    names,
  );
  const link = 'INSERT OR IGNORE INTO image_blob (image, digest) SELECT ?, digest FROM blob WHERE digest = ?';
  const used = [manifestDigest, manifest.config.digest, ...jobs.map(({ descriptor }) => descriptor.digest)];
  for (const digest of used) parts.database.run(link, manifest.config.digest, digest);
  parts.leases.forgetKept(keysOf(jobs));
  openPartials(parts).drop([manifest.config.digest], '');
}
