import { isFault } from '#base/fault.ts';
import { familiarName, parseReference, type Reference } from '#store/reference.ts';
import { openRepository } from '#store/registry/client.ts';
import { howLax } from '#store/registry/probe.ts';
import { placesToPull, type Place } from '#store/registry/registries.ts';
import type { Finding, Verified, VerifyProgress } from '#store/store.ts';
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

/** A finding with the names of its images and indexes as people write them. */
export type NamedFinding = Omit<Finding, 'images'> & { images: { id: string; names: string[] }[] };

export type VerifiedImages = Omit<Verified, 'findings'> & { findings: NamedFinding[] };

/**
 * Compares what is stored with its digests and mends it. What a crash left is not cleared first: that would take away
 * an image whose layer is lost, which can be unpacked again.
 */
export async function verifyImages(engine: Engine, request: VerifyRequest): Promise<VerifiedImages> {
  const { names, access, ...options } = request;
  const images = names.map((name) => findImage(engine, name));
  const told = new Map([
    ...engine.store.images.list().map((image) => [image.configDigest, image.names] as const),
    ...engine.store.indexes.list().map((index) => [index.id, index.names] as const),
  ]);
  const verified = await engine.store.verify({
    ...options,
    ...(images.length === 0 ? {} : { images: [...new Map(images.map((one) => [one.configDigest, one])).values()] }),
    origins: (known) => originsOf(known, access, options.signal),
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

/** The names say which repositories it came from, and the settings say where those are. */
async function originsOf(names: readonly string[], access: RegistryAccess, signal: AbortSignal): Promise<Origin[]> {
  const places = names.flatMap((name) => allowedPlaces(access, parseReference(name)));
  const distinct = new Map(places.map((place) => [`${place.registry}/${place.repository}`, place]));
  const { credentials, certificates } = access;
  return Promise.all(
    [...distinct.values()].map(async ({ registry, repository, lax }) => ({
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

/** Where the settings let us ask for it: none for what they block. */
function allowedPlaces({ rules }: RegistryAccess, reference: Reference): Place[] {
  try {
    return placesToPull(rules, reference);
  } catch (error) {
    if (isFault(error, 'denied')) return [];
    throw error;
  }
}
