import { resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import { parseReference, type Reference } from '#store/reference.ts';
import { placesToPull, type Place } from '#store/registry/registries.ts';
import type { PasswordCredentials } from '#store/registry/credentials.ts';
import type { RetryPolicy } from '#store/registry/retry.ts';
import type { ContentPlace, Store } from '#store/store.ts';
import type { RegistryAccess } from '#engine/registry/access.ts';

/** How one side of a copy is spoken to, when it is a registry. */
export interface PlaceAccess {
  access: RegistryAccess;
  /** In place of those that are kept. `none`: go without any. */
  credentials?: PasswordCredentials | 'none';
  /** The certificate need not be vouched for, and plain HTTP will do. */
  lax: boolean;
  insecure: boolean;
  retry?: RetryPolicy;
  signal?: AbortSignal;
}

type Read = (rest: string, side: 'source' | 'destination', access: PlaceAccess, text: string) => ContentPlace;

/** Skopeo's names of transports, and what comes after their colon. */
const TRANSPORTS: Readonly<Record<string, Read>> = {
  docker: (rest, side, access, text) => {
    if (!rest.startsWith('//')) throw bad(text, 'a registry is written docker://NAME');
    return registryPlace(rest.slice(2), side, access);
  },
  'docker-archive': (rest) => withReference('docker-archive', rest),
  'oci-archive': (rest) => withReference('oci-archive', rest),
  oci: (rest) => withReference('oci', rest),
  dir: (rest) => ({ kind: 'dir', path: resolve(rest) }),
  store: (rest, side) => storePlace(rest, side),
  'containers-storage': (rest, side) => storePlace(rest, side),
};
/** The store by its transport. */
const OWN = /^(store|containers-storage):/;
/** Of skopeo's, what is not here. */
const UNKNOWN = /^(docker-daemon|tarball|sif|ostree|atomic|static):/;

/** A place of content such as `docker://debian:12`, `oci:DIR:TAG` or a name of the store. Throws `invalid`, `unsupported`. */
export function contentPlace(text: string, side: 'source' | 'destination', access: PlaceAccess): ContentPlace {
  const colon = text.indexOf(':');
  const scheme = colon < 0 ? '' : text.slice(0, colon);
  const read = Object.hasOwn(TRANSPORTS, scheme) ? TRANSPORTS[scheme] : undefined;
  const rest = text.slice(colon + 1);
  if (read !== undefined && rest === '') throw bad(text, 'there is nothing after the colon');
  if (read !== undefined) return read(rest, side, access, text);
  if (UNKNOWN.test(text)) {
    throw new Fault('unsupported', `use ${text} as the ${side}: "${scheme}" is not there`, {
      hint: `There are: ${Object.keys(TRANSPORTS).join(', ')}.`,
    });
  }
  return storePlace(text, side);
}

export function registryPlace(name: string, side: 'source' | 'destination', way: PlaceAccess): ContentPlace {
  return placeOfReference(parseReference(name), side, way);
}

export function placeOfReference(reference: Reference, side: 'source' | 'destination', way: PlaceAccess): ContentPlace {
  const { access, lax, insecure, retry, signal, credentials } = way;
  const places = placesToPull(access.rules, reference);
  return {
    kind: 'registry',
    reference,
    places: (side === 'source' ? places : places.slice(-1)).map((place) => ({ ...place, lax: place.lax || lax })),
    way: {
      credentials: credentialsFor(places.at(-1), access, credentials),
      certificates: access.certificates,
      insecure,
      ...(retry === undefined ? {} : { retry }),
      ...(signal === undefined ? {} : { signal }),
    },
  };
}

/** What was given for the registry is not shown to its mirrors. */
function credentialsFor(
  place: Place | undefined,
  access: RegistryAccess,
  given: PlaceAccess['credentials'],
): RegistryAccess['credentials'] {
  if (given === undefined) return access.credentials;
  if (given === 'none') return () => undefined;
  return (registry, repository) => (registry === place?.registry ? given : access.credentials(registry, repository));
}

function storePlace(name: string, side: 'source' | 'destination'): ContentPlace {
  if (side === 'source') return { kind: 'store', name };
  return { kind: 'store', name, names: [nameToGive(name)] };
}

/** A source: what the store has by this name, or else a registry; other places by their transport. */
export function hereOrRegistry({ images, indexes }: Store, text: string, access: PlaceAccess): ContentPlace {
  const place = contentPlace(text, 'source', access);
  if (place.kind !== 'store' || OWN.test(text)) return place;
  const isHere = indexes.find(text) !== undefined || images.find(text) !== undefined;
  return isHere ? place : registryPlace(text, 'source', access);
}

/** A destination: a registry, or another place by its transport. */
export function registryOr(text: string, access: PlaceAccess): ContentPlace {
  const place = contentPlace(text, 'destination', access);
  return place.kind === 'store' && !OWN.test(text) ? registryPlace(text, 'destination', access) : place;
}

/** A name that content may get. */
export function nameToGive(name: string): Reference {
  const reference = parseReference(name);
  if (reference.digest === undefined) return reference;
  throw new Fault('invalid', `call content ${name}: a digest cannot be given, it follows from the content`);
}

function withReference(kind: 'docker-archive' | 'oci-archive' | 'oci', rest: string): ContentPlace {
  const colon = rest.indexOf(':');
  const [path, reference] = colon < 0 ? [rest, ''] : [rest.slice(0, colon), rest.slice(colon + 1)];
  return { kind, path: resolve(path), reference: reference === '' ? undefined : reference };
}

function bad(text: string, why: string): Fault {
  return new Fault('invalid', `read the place "${text}": ${why}`);
}
