import { Fault } from '#base/fault.ts';
import { openPartials } from '#store/content/partials.ts';
import type { Digest } from '#store/digest.ts';
import { parseConfigFile, type ConfigFile } from '#store/image/config.ts';
import { manifestFor } from '#store/graph/choose.ts';
import { isIndex, parseManifest, type Descriptor, type Manifest } from '#store/image/manifest.ts';
import { fitness, formatPlatform, type Platform } from '#store/platform.ts';
import type { StoreParts } from '#store/parts.ts';
import type { Reference } from '#store/reference.ts';
import type { FetchedManifest, RepositoryClient } from '#store/registry/client.ts';
import { layerJobs } from './layers.ts';
import { sharedDocument } from './shared-document.ts';

/** An image as its documents describe it, for one platform. */
export interface ResolvedImage {
  manifest: Manifest;
  manifestBytes: Buffer;
  manifestDigest: Digest;
  /** What the name means: the digest of the index, or of the manifest when there is none. */
  namedDigest: Digest;
  config: ConfigFile;
  configBytes: Buffer;
}

/** As many as the kernel's overlay file system puts on top of each other. */
const MOST_LAYERS = 500;

export const LARGEST_CONFIG = 8 * 1024 * 1024;

/** Throws the client's faults, `corrupt` for documents that do not fit each other, `unsupported` for the platform. */
export async function resolveImage(
  parts: StoreParts,
  client: RepositoryClient,
  reference: Reference,
  wanted: Platform,
  signal: AbortSignal | undefined,
): Promise<ResolvedImage> {
  const named = await client.manifest(reference.digest ?? reference.tag ?? 'latest');
  const { fetched, manifest } = await imageManifest(client, named, wanted);
  const configBytes = await fetchConfig(parts, client, manifest, signal);
  try {
    const image = describeImage(fetched, manifest, configBytes, named.digest);
    checkPlatform(image.config.platform, wanted);
    layerJobs(image); // before anything large is fetched
    return image;
  } catch (error) {
    openPartials(parts).drop([manifest.config.digest], '');
    throw error;
  }
}

/** Puts the documents together. Throws `corrupt` when they do not fit each other. */
export function describeImage(
  fetched: Pick<FetchedManifest, 'bytes' | 'digest'>,
  manifest: Manifest,
  configBytes: Buffer,
  namedDigest = fetched.digest,
): ResolvedImage {
  const config = parseConfigFile(configBytes);
  if (config.diffIds.length !== manifest.layers.length) {
    throw new Fault(
      'corrupt',
      `the manifest has ${manifest.layers.length} layers, the configuration ${config.diffIds.length}`,
    );
  }
  if (manifest.layers.length > MOST_LAYERS) {
    throw new Fault('unsupported', `the image has ${manifest.layers.length} layers, more than ${MOST_LAYERS}`);
  }
  return { manifest, manifestBytes: fetched.bytes, manifestDigest: fetched.digest, namedDigest, config, configBytes };
}

async function imageManifest(
  client: RepositoryClient,
  named: FetchedManifest,
  wanted: Platform,
): Promise<{ fetched: FetchedManifest; manifest: Manifest }> {
  const source = { document: ({ digest }: Descriptor): Promise<FetchedManifest> => client.manifest(digest) };
  const fetched = await manifestFor(named, source, wanted);
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  if (isIndex(manifest)) throw new Fault('internal', 'resolve an image: its manifest is an index');
  return { fetched, manifest };
}

async function fetchConfig(
  parts: StoreParts,
  client: RepositoryClient,
  { config }: Manifest,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  if (config.size > LARGEST_CONFIG) {
    throw new Fault('corrupt', `the image's configuration has ${config.size} bytes, more than ${LARGEST_CONFIG}`);
  }
  return sharedDocument(parts, config, () => client.blob(config.digest, config.size), signal);
}

function checkPlatform(offered: Platform, wanted: Platform): void {
  if (fitness(wanted, offered) !== undefined) return;
  throw new Fault('unsupported', `the image is for ${formatPlatform(offered)}, not for ${formatPlatform(wanted)}`, {
    facts: { wanted: formatPlatform(wanted), available: formatPlatform(offered) },
  });
}
