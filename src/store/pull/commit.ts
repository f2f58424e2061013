import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '#store/digest.ts';
import type { StoreParts } from '#store/parts.ts';
import { formatPlatform } from '#store/platform.ts';
import type { Reference } from '#store/reference.ts';
import type { FetchedLayer, LayerJob } from './layers.ts';
import type { ResolvedImage } from './resolve.ts';
import { syncFileSystem } from './sync.ts';

export interface CommitRequest {
  image: ResolvedImage;
  jobs: readonly LayerJob[];
  fetched: readonly FetchedLayer[];
  names: readonly Reference[];
  /** Owner of the work area, and a directory of it for this image. */
  owner: string;
  area: string;
}

interface NewBlob {
  file: string;
  digest: Digest;
  size: number;
}

/**
 * Makes the image visible: everything is on disk first, then one transaction renames it into place and writes
 * the rows. Either all of it is there afterwards or nothing.
 */
export async function commitImage(parts: StoreParts, request: CommitRequest): Promise<void> {
  const { image, area, fetched } = request;
  const blobs = [
    await writeDocument(area, image.manifestDigest, image.manifestBytes),
    await writeDocument(area, image.manifest.config.digest, image.configBytes),
    ...fetched.flatMap(({ blobFile, descriptor: { digest, size } }) =>
      blobFile === undefined ? [] : [{ file: blobFile, digest, size }],
    ),
  ];
  await syncFileSystem(parts.launcher, area);
  parts.database.durably(() => {
    for (const { file, digest, size } of blobs) parts.blobs.adopt(file, digest, size);
    for (const { draft, chainId, parent, size } of fetched) draft.commit({ chainId, parent, size });
    writeRows(parts, request);
    parts.leases.release(request.owner);
  });
}

async function writeDocument(area: string, digest: Digest, bytes: Buffer): Promise<NewBlob> {
  const file = join(area, digest.slice(digest.indexOf(':') + 1));
  await writeFile(file, bytes, { mode: 0o600 });
  return { file, digest, size: bytes.length };
}

function writeRows(parts: StoreParts, { image, jobs, names }: CommitRequest): void {
  const { config, manifest, manifestDigest } = image;
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
}
