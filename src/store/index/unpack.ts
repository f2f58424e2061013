import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import { isIndex, ownMediaType, parseManifest } from '#store/image/manifest.ts';
import type { ImageRecord } from '#store/image/record.ts';
import type { StoreParts } from '#store/parts.ts';
import { formatPlatform, parsePlatform, type Platform } from '#store/platform.ts';
import { inWorkArea } from '#store/pull/in-work-area.ts';
import { installImage } from '#store/pull/install.ts';
import type { PullProgress } from '#store/pull/progress.ts';
import { describeImage, type ResolvedImage } from '#store/pull/resolve.ts';
import { parseReference, type Reference } from '#store/reference.ts';
import { bestMember } from './find.ts';
import { fullName } from './names.ts';
import type { IndexMember, IndexRecord } from './record.ts';

export interface UnpackOptions {
  /** The host's when left out. */
  platform?: string;
  /** For the image; one by its digest when left out. */
  names?: readonly Reference[];
  onProgress?: (progress: PullProgress) => void;
  signal?: AbortSignal;
}

/**
 * Makes an image of an index that the store keeps ready to run, out of the blobs that it keeps. Gives undefined when it
 * keeps no index by this name. Throws `unsupported` for an artifact, or when there is no image for the platform.
 */
export async function unpackMember(
  parts: StoreParts,
  text: string,
  options: UnpackOptions = {},
): Promise<ImageRecord | undefined> {
  const index = parts.indexes.find(text);
  if (index === undefined) return undefined;
  const wanted = options.platform === undefined ? parts.platform : parsePlatform(options.platform);
  const member = chosen(index, text, wanted);
  return inWorkArea(parts, `unpack ${text}`, async ({ owner, path }) => {
    const area = join(path, 'image');
    mkdirSync(area, { mode: 0o700 });
    const image = await readMember(parts, member.digest);
    await installImage(parts, {
      image,
      names: options.names ?? byDigest(index, text, member),
      source: { blob: (digest) => lost(digest) },
      owner,
      area,
      onProgress: options.onProgress ?? (() => undefined),
      signal: options.signal,
    });
    return parts.images.find(image.manifest.config.digest);
  });
}

function chosen({ kind, mediaType, members }: IndexRecord, text: string, wanted: Platform): IndexMember {
  if (kind === 'artifact') throw new Fault('unsupported', `${text} is an artifact (${mediaType}), no container image`);
  const member = bestMember(members, wanted);
  if (member !== undefined) return member;
  const list = [...new Set(members.map(({ platform }) => formatPlatform(platform)))].join(', ') || 'none';
  throw new Fault('unsupported', `${text} has no image for ${formatPlatform(wanted)}; there are: ${list}`, {
    facts: { wanted: formatPlatform(wanted), available: list },
  });
}

async function readMember({ blobs }: StoreParts, digest: Digest): Promise<ResolvedImage> {
  const bytes = await blobs.read(digest);
  const manifest = parseManifest(bytes, ownMediaType(bytes));
  if (isIndex(manifest)) throw new Fault('internal', `unpack ${digest}: it is an index`);
  return describeImage({ bytes, digest }, manifest, await blobs.read(manifest.config.digest));
}

/** `repository@DIGEST`, in the repository that the index was called by. */
function byDigest({ names, digests }: IndexRecord, text: string, { digest }: IndexMember): Reference[] {
  const known = [...names, ...digests];
  const name = known.find((one) => one === fullName(text)) ?? known[0];
  if (name === undefined) return [];
  const { registry, repository } = parseReference(name);
  return [{ registry, repository, digest }];
}

function lost(digest: Digest): never {
  throw new Fault('notFound', `the blob ${digest} is not in the store any more`, {
    hint: 'Bring the index again: sampan pull --all-platforms.',
    facts: { digest },
  });
}
