import { Fault, isFault } from '#base/fault.ts';
import { formatReference, parseReference } from '#store/reference.ts';
import { openListing, type RegistryListing, type SearchResult } from '#store/registry/listing.ts';
import { howLax } from '#store/registry/probe.ts';
import type { RegistryAccess } from './access.ts';
import { registryName } from './registry-name.ts';

export type { SearchResult } from '#store/registry/listing.ts';

export interface SearchRequest {
  access: RegistryAccess;
  /** Plain HTTP. */
  insecure: boolean;
  limit: number;
  signal?: AbortSignal;
}

export interface FoundImages {
  registry: string;
  results: SearchResult[];
}

/** `TERM` at Docker Hub or `REGISTRY/TERM`; an empty term means all that the registry lists. */
export function readTerm(text: string): { registry: string; term: string } {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(0, slash));
  const hosted = slash > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (!hosted) return { registry: 'docker.io', term: text };
  return { registry: registryName(first), term: text.slice(slash + 1) };
}

/** By the registry's own search, or by looking through its list where it has none. */
export async function searchImages(text: string, request: SearchRequest): Promise<FoundImages> {
  const { registry, term } = readTerm(text);
  const listing = await listingOf(registry, request);
  const results = term === '' ? undefined : await listing.search(term, request.limit);
  return { registry, results: results?.slice(0, request.limit) ?? (await lookThrough(listing, term, request.limit)) };
}

async function lookThrough(listing: RegistryListing, term: string, limit: number): Promise<SearchResult[]> {
  const results: SearchResult[] = [];
  try {
    for await (const name of listing.repositories()) {
      if (results.length >= limit) break;
      if (name.includes(term)) results.push({ name, description: '', stars: 0, official: false, automated: false });
    }
  } catch (error) {
    if (!isFault(error, 'notFound', 'invalid')) throw error;
    throw new Fault('unsupported', 'search the registry: it answers no searches and lists no repositories', {
      cause: error,
    });
  }
  return results;
}

/** Tags of one repository, and its full name. */
export async function searchTags(text: string, request: SearchRequest): Promise<{ name: string; tags: string[] }> {
  const { registry, repository } = parseReference(text);
  const listing = await listingOf(registry, request);
  const tags: string[] = [];
  for await (const tag of listing.tags(repository)) {
    if (tags.length >= request.limit) break;
    tags.push(tag);
  }
  const name = formatReference({ registry, repository });
  return { name, tags };
}

async function listingOf(registry: string, { access, insecure, signal }: SearchRequest): Promise<RegistryListing> {
  const { credentials, certificates, rules } = access;
  const rule = rules.find(({ prefix }) => prefix === registry);
  if (rule?.blocked === true) throw new Fault('denied', `the registries file blocks ${registry}`);
  const cancel = signal === undefined ? {} : { signal };
  const lax = rule?.lax === true ? await howLax(registry, signal) : {};
  return openListing({ registry, insecure, credentials, certificates, ...lax, ...cancel });
}
