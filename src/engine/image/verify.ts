import { familiarName, parseReference, type Reference } from '#store/reference.ts';
import { openRepository } from '#store/registry/client.ts';
import { howLax } from '#store/registry/probe.ts';
import { placesToPull } from '#store/registry/registries.ts';
import type { Finding, ImageRecord, Verified, VerifyProgress } from '#store/store.ts';
import type { Origin } from '#store/verify/blob.ts';
import type { Engine } from '#engine/engine.ts';
import type { RegistryAccess } from '#engine/registry/access.ts';
import { findImage } from './history.ts';

export interface VerifyRequest {
  /** None for all that the store has. */
  names: readonly string[];
  repair: boolean;
  access: RegistryAccess;
  signal: AbortSignal;
  onProgress?: (progress: VerifyProgress) => void;
}

/** A finding with the names of its images as people write them. */
export type NamedFinding = Omit<Finding, 'images'> & { images: { id: string; names: string[] }[] };

export type VerifiedImages = Omit<Verified, 'findings'> & { findings: NamedFinding[] };

/**
 * Compares what is stored with its digests and mends it. What a crash left is not cleared first: that would take away
 * an image whose layer is lost, which can be unpacked again.
 */
export async function verifyImages(engine: Engine, request: VerifyRequest): Promise<VerifiedImages> {
  const { names, access, ...options } = request;
  const images = names.map((name) => findImage(engine, name));
  const told = new Map(engine.store.images.list().map((image) => [image.configDigest, image.names] as const));
  const verified = await engine.store.verify({
    ...options,
    ...(images.length === 0 ? {} : { images: [...new Map(images.map((one) => [one.configDigest, one])).values()] }),
    origins: (image) => originsOf(image, access, options.signal),
  });
  const findings = verified.findings.map((finding) => ({
    ...finding,
    images: finding.images.map((id) => ({
      id,
      names: (told.get(id) ?? []).map((name) => familiarName(parseReference(name))),
    })),
  }));
  return { ...verified, findings };
}

/** A pull has left the image's name by digest: that says which repository it came from, and the settings say where that is. */
async function originsOf(image: ImageRecord, access: RegistryAccess, signal: AbortSignal): Promise<Origin[]> {
  const repositories = image.digests.map((name) => parseReference(name));
  const places = repositories.flatMap((reference) => placesToPull(access.rules, reference));
  const { credentials, certificates } = access;
  return Promise.all(
    places.map(async ({ registry, repository, lax }) => ({
      name: familiarName({ registry, repository } satisfies Reference),
      client: openRepository({
        registry,
        repository,
        credentials,
        certificates,
        signal,
        ...(lax ? await howLax(registry, signal) : {}),
      }),
    })),
  );
}
