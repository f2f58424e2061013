import { Fault } from '#base/fault.ts';
import { familiarName, formatReference, parseReference } from '#store/reference.ts';
import { placesToPull } from '#store/registry/registries.ts';
import type { RetryPolicy } from '#store/registry/retry.ts';
import type { CopyContentOptions, ImageRecord, PullProgress } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import type { RegistryAccess } from '#engine/registry/access.ts';
import { registryPlace } from './content-place.ts';

export type { ImageRecord, PullProgress } from '#store/store.ts';

export interface PullRequest {
  access: RegistryAccess;
  platform?: string;
  /** Plain HTTP. */
  insecure: boolean;
  retry?: RetryPolicy;
  signal?: AbortSignal;
  onProgress?: (event: PullProgress) => void;
}

/** Fetches an image by name, so that it can be run when this resolves. */
export async function pullImage(
  engine: Engine,
  name: string,
  { access, ...options }: PullRequest,
): Promise<ImageRecord> {
  const reference = parseReference(name);
  const { rules, credentials, certificates } = access;
  const places = placesToPull(rules, reference);
  await engine.store.reconcile();
  return engine.store.pull(reference, { ...options, places, credentials, certificates });
}

export interface PulledAll {
  /** Of the index, or of the manifest when there is none. */
  digest: string;
  /** The image for this machine, if there is one. */
  image: ImageRecord | undefined;
}

/** Fetches what a name means as a whole: an index with all that it leads to; the image for this machine is unpacked. */
export async function pullWhole(
  engine: Engine,
  name: string,
  { access, insecure, ...options }: PullRequest,
): Promise<PulledAll> {
  const { signal, retry } = options;
  const from = registryPlace(name, 'source', {
    access,
    insecure,
    lax: false,
    ...(signal === undefined ? {} : { signal }),
    ...(retry === undefined ? {} : { retry }),
  });
  const { tag: _, ...byDigest } = parseReference(name);
  const reference = byDigest.digest === undefined ? parseReference(name) : byDigest;
  await engine.store.reconcile();
  const { digest } = await engine.store.copy(from, { kind: 'store', name, names: [reference], pulled: true }, {
    ...options,
    which: 'all',
  } as CopyContentOptions);
  return { digest, image: engine.store.images.find(formatReference(reference)) };
}

/** The names of all tags of a repository, in order. Throws `invalid` for a name with a tag. */
export async function namesOfAllTags(
  engine: Engine,
  name: string,
  { access, insecure, signal }: Pick<PullRequest, 'access' | 'insecure' | 'signal'>,
): Promise<string[]> {
  const { tag: _, digest, ...repository } = parseReference(name);
  if (digest !== undefined || /:[^/]*$/.test(name)) {
    throw new Fault('invalid', `pull ${name} --all-tags: give the name without a tag`, { field: '--all-tags' });
  }
  const cancel = signal === undefined ? {} : { signal };
  const place = registryPlace(name, 'source', { access, insecure, lax: false, ...cancel });
  const tags = await engine.store.tags(place);
  if (tags.length === 0) throw new Fault('notFound', `pull ${name} --all-tags: the repository has no tags`);
  return tags.toSorted().map((one) => formatReference({ ...repository, tag: one }));
}

/** A name as people write it (`debian:latest`); Fault `invalid` when it is none. */
export function displayName(name: string): string {
  return familiarName(parseReference(name));
}
