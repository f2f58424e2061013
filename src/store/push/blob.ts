import { Fault, isFault } from '#base/fault.ts';
import type { Blobs } from '#store/content/blobs.ts';
import { algorithmOf, Digester, type Digest } from '#store/digest.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { RepositoryClient } from '#store/registry/client.ts';
import { NOT_DISTRIBUTABLE } from '#store/registry/media-types.ts';
import type { PushProgress } from './progress.ts';

export interface PushBlobParts {
  client: RepositoryClient;
  blobs: Blobs;
  /** Repositories to mount blobs from. */
  sources: ReadonlyMap<Digest, string>;
  /** The image, for what is said. */
  name: string;
  onProgress?: (progress: PushProgress) => void;
  signal?: AbortSignal;
}

/** Sees to it that the repository has a blob. */
export async function pushBlob(parts: PushBlobParts, { mediaType, digest, size }: Descriptor): Promise<void> {
  const { client, blobs, sources, name } = parts;
  const report = (phase: PushProgress['phase'], done = 0, from?: string): void =>
    parts.onProgress?.({ kind: 'layer', digest, total: size, done, phase, ...(from === undefined ? {} : { from }) });
  const { signal } = parts;
  if (signal?.aborted === true) throw new Fault('cancelled', `push ${name}`);
  report('waiting');
  if (NOT_DISTRIBUTABLE.test(mediaType)) return report('skipped');
  if (await client.has(digest, size)) return report('exists', size);
  if (!blobs.has(digest)) throw lostBlob(undefined, digest, name);
  const mountFrom = sources.get(digest);
  const outcome = await client
    .upload({
      digest,
      size,
      open: (start, end) => blobs.stream(digest, { start, end }),
      onSent: (done) => report('upload', done),
      ...(mountFrom === undefined ? {} : { mountFrom }),
      ...(signal === undefined ? {} : { signal }),
    })
    .catch(async (error: unknown) => {
      // The registry found another digest: is it our disk?
      if (isFault(error) && error.facts['status'] === 400 && !(await isWhole(blobs, digest))) {
        throw lostBlob(error, digest, name);
      }
      throw error;
    });
  if (outcome === 'mounted') report('mounted', size, mountFrom);
  else report('done', size);
}

async function isWhole(blobs: Blobs, digest: Digest): Promise<boolean> {
  const digester = new Digester(algorithmOf(digest));
  for await (const chunk of blobs.stream(digest)) digester.update(chunk);
  return digester.digest() === digest;
}

/** An image can be run without its blobs, but not pushed. */
export function lostBlob(cause: unknown, digest: Digest, name: string): Fault {
  const said = cause === undefined ? 'is not in the store any more' : 'is not whole in the store any more';
  return new Fault(cause === undefined ? 'notFound' : 'corrupt', `push ${name}: its blob ${digest} ${said}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: `Remove the image and pull it again: sampan rmi ${name} && sampan pull ${name}.`,
    facts: { digest },
  });
}
