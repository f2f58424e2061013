import { familiarName, parseReference } from '#store/reference.ts';
import { placesToPull } from '#store/registry/registries.ts';
import type { ImageRecord, PullProgress } from '#store/store.ts';
import type { Engine } from '#engine/engine.ts';
import { noteImage } from '#engine/event/image.ts';
import type { RegistryAccess } from '#engine/registry/access.ts';

export type { ImageRecord, PullProgress } from '#store/store.ts';

export interface PullRequest {
  access: RegistryAccess;
  platform?: string;
  /** Plain HTTP. */
  insecure: boolean;
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
  const image = await engine.store.pull(reference, { ...options, places, credentials, certificates });
  noteImage(engine, 'pull', image.configDigest, name);
  return image;
}

/** A name as people write it (`debian:latest`); Fault `invalid` when it is none. */
export function displayName(name: string): string {
  return familiarName(parseReference(name));
}
