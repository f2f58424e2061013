import { createReadStream, statSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import { familiarName, parseReference } from '#store/reference.ts';
import type { LoadInput, PullProgress } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';

export interface LoadRequest {
  /** A file, or the directory of an OCI layout; or the bytes of an archive. */
  from: string | AsyncIterable<Uint8Array>;
  platform?: string;
  onProgress?: (progress: PullProgress) => void;
  /** Keep whole indexes and artifacts, not only the image for the platform. */
  allPlatforms: boolean;
  signal: AbortSignal;
}

export interface Loaded {
  /** As people write them; none for an image that the archive does not name. */
  names: string[];
  id: string;
}

/** Brings images from an archive or layout into the store, ready to run. */
export async function loadImages(engine: Engine, request: LoadRequest): Promise<Loaded[]> {
  const { from, allPlatforms, ...options } = request;
  await engine.store.reconcile();
  const loaded = allPlatforms
    ? await engine.store.loadAll(inputOf(from), options)
    : (await engine.store.load(inputOf(from), options)).map(({ names, image }) => ({ names, id: image.configDigest }));
  return loaded.map(({ names, id }) => ({ names: names.map((name) => familiarName(parseReference(name))), id }));
}

function inputOf(from: LoadRequest['from']): LoadInput {
  if (typeof from !== 'string') return { archive: from };
  try {
    if (statSync(from).isDirectory()) return { directory: from };
  } catch (cause) {
    throw new Fault('notFound', `open ${from}`, { cause, field: '--input' });
  }
  return { archive: createReadStream(from, { highWaterMark: 1024 * 1024 }) };
}
