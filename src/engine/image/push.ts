import { Fault } from '#base/fault.ts';
import { formatReference, parseReference, type Reference } from '#store/reference.ts';
import { placeToPush } from '#store/registry/registries.ts';
import type { CopyContentOptions, PushedImage, PushProgress } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { onlyIndex } from './history.ts';
import type { RegistryAccess } from '#engine/registry/access.ts';

export type { PushedImage, PushProgress } from '#store/store.ts';

/** An image of the store and the name that it gets in the registry. */
export interface PushTask {
  source: string;
  destination: Reference;
  /** The destination in full: `docker.io/library/debian:12`. */
  fullName: string;
}

/** `source` itself, or under the name `destination`. Throws `invalid` for what is not a place to push to. */
export function pushTask(source: string, destination: string | undefined): PushTask {
  const reference = parseReference(destination ?? source);
  if (reference.digest !== undefined) {
    throw new Fault('invalid', `push to ${destination ?? source}: a digest is no place to push to`, {
      hint: 'Name a tag.',
    });
  }
  return { source, destination: reference, fullName: formatReference(reference) };
}

/** All tags of a repository that the store knows, with `whole` those of indexes too. Throws `notFound` when there are none. */
export function pushTasksOfAll({ store }: Engine, name: string, whole: boolean): PushTask[] {
  const { registry, repository, digest } = parseReference(name);
  if (digest !== undefined || /:[^/]*$/.test(name)) {
    throw new Fault('invalid', `push ${name} --all-tags: give the name without a tag`, { field: '--all-tags' });
  }
  const known = [...store.images.list(), ...(whole ? store.indexes.list() : [])].flatMap(({ names }) => names);
  const tasks = [...new Set(known)]
    .map((text) => parseReference(text))
    .filter((one) => one.registry === registry && one.repository === repository)
    .map((destination) => ({
      source: formatReference(destination),
      destination,
      fullName: formatReference(destination),
    }))
    .sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
  if (tasks.length > 0) return tasks;
  throw new Fault('notFound', `No such image: ${name}`, { hint: 'sampan images lists the images there are.' });
}

/** `docker.io/library/debian`, as it is said before the push. */
export function repositoryName({ destination: { registry, repository } }: PushTask): string {
  return `${registry}/${repository}`;
}

export interface PushRequest {
  access: RegistryAccess;
  /** Plain HTTP. */
  insecure: boolean;
  /** The index of the name with all that it leads to, in place of the image. */
  allPlatforms?: boolean;
  signal?: AbortSignal;
  onProgress?: (event: PushProgress) => void;
}

export async function pushImage(
  engine: Engine,
  { source, destination }: PushTask,
  { access, allPlatforms = false, ...options }: PushRequest,
): Promise<PushedImage> {
  const { rules, credentials, certificates } = access;
  const place = placeToPush(rules, destination);
  await engine.store.reconcile();
  if (allPlatforms) {
    return engine.store.copy(
      { kind: 'store', name: source, content: 'index' },
      {
        kind: 'registry',
        reference: destination,
        places: [place],
        way: { ...wayOf(options), credentials, certificates },
      },
      { ...options, which: 'all' } as CopyContentOptions,
    );
  }
  const { images, indexes } = engine.store;
  if (images.find(source) === undefined && indexes.find(source) !== undefined) throw onlyIndex(source);
  return engine.store.push(source, destination, { ...options, place, credentials, certificates });
}

function wayOf({
  insecure,
  signal,
}: Pick<PushRequest, 'insecure' | 'signal'>): Pick<PushRequest, 'insecure' | 'signal'> {
  return { insecure, ...(signal === undefined ? {} : { signal }) };
}
