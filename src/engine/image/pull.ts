import { Fault } from '#base/fault.ts';
import { familiarName, formatReference, parseReference, type Reference } from '#store/reference.ts';
import { placesToPull } from '#store/registry/registries.ts';
import type { RetryPolicy } from '#store/registry/retry.ts';
import { meaningsOf } from '#store/registry/short-names.ts';
import type { CopyContentOptions, ImageRecord, PullProgress } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { noteImage } from '#engine/event/image.ts';
import type { RegistryAccess } from '#engine/registry/access.ts';
import { withMeaning } from '#engine/registry/short-names.ts';
import { placeOfReference } from './content-place.ts';

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
  const { rules, credentials, certificates } = access;
  const pull = async (reference: Reference): Promise<ImageRecord> => {
    const places = placesToPull(rules, reference);
    const image = await engine.store.pull(reference, { ...options, places, credentials, certificates });
    noteImage(engine, 'pull', image.configDigest, displayName(formatReference(reference)));
    return image;
  };
  await engine.store.reconcile();
  return withMeaning(name, access.shortNames, pull, (text) => options.onProgress?.({ kind: 'status', text }));
}

export interface PulledAll {
  /** Of the index, or of the manifest when there is none. */
  digest: string;
  /** The image for this machine, if there is one. */
  image: ImageRecord | undefined;
}

/** Fetches what a name means as a whole: an index with all that it leads to; the image for this machine is unpacked. */
export async function pullWhole(engine: Engine, name: string, request: PullRequest): Promise<PulledAll> {
  await engine.store.reconcile();
  return withMeaning(
    name,
    request.access.shortNames,
    (reference) => pullWholeOf(engine, reference, request),
    (text) => request.onProgress?.({ kind: 'status', text }),
  );
}

async function pullWholeOf(
  engine: Engine,
  asked: Reference,
  { access, insecure, ...options }: PullRequest,
): Promise<PulledAll> {
  const { signal, retry } = options;
  const from = placeOfReference(asked, 'source', {
    access,
    insecure,
    lax: false,
    ...(signal === undefined ? {} : { signal }),
    ...(retry === undefined ? {} : { retry }),
  });
  const { tag: _, ...byDigest } = asked;
  const reference = byDigest.digest === undefined ? asked : byDigest;
  const name = formatReference(reference);
  const { digest } = await engine.store.copy(from, { kind: 'store', name, names: [reference], pulled: true }, {
    ...options,
    which: 'all',
  } as CopyContentOptions);
  const image = engine.store.images.find(name);
  noteImage(engine, 'pull', image?.configDigest, displayName(name));
  return { digest, image };
}

/** The names of all tags of a repository, in order. Throws `invalid` for a name with a tag. */
export async function namesOfAllTags(
  engine: Engine,
  name: string,
  { access, insecure, signal }: Pick<PullRequest, 'access' | 'insecure' | 'signal'>,
): Promise<string[]> {
  const asked = parseReference(name);
  if (asked.digest !== undefined || /:[^/]*$/.test(name)) {
    throw new Fault('invalid', `pull ${name} --all-tags: give the name without a tag`, { field: '--all-tags' });
  }
  const cancel = signal === undefined ? {} : { signal };
  const list = async ({ registry, repository }: Reference): Promise<string[]> => {
    const place = placeOfReference({ registry, repository }, 'source', { access, insecure, lax: false, ...cancel });
    const tags = await engine.store.tags(place);
    if (tags.length === 0) throw new Fault('notFound', `pull ${name} --all-tags: the repository has no tags`);
    return tags.toSorted().map((tag) => formatReference({ registry, repository, tag }));
  };
  return withMeaning(name, access.shortNames, list, () => undefined);
}

/** A name as people write it (`debian:latest`); Fault `invalid` when it is none. */
export function displayName(name: string): string {
  return familiarName(parseReference(name));
}

/** The same, of what a short name has turned out to mean. */
export function nameOfPulled(name: string, { shortNames }: RegistryAccess, names: readonly string[]): string {
  const meant = meaningsOf(name, shortNames).find((one) => names.includes(formatReference(one)));
  return meant === undefined ? displayName(name) : familiarName(meant);
}
