import { Fault, isFault } from '#base/fault.ts';
import { formatReference, parseReference } from '#store/reference.ts';
import { openRepository } from '#store/registry/client.ts';
import { openListing, type ListingOptions, type RegistryListing, type SearchResult } from '#store/registry/listing.ts';
import { howLax } from '#store/registry/probe.ts';
import { placeToPush } from '#store/registry/registries.ts';
import { isShort } from '#store/registry/short-names.ts';
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

export interface SearchPlace {
  registries: readonly string[];
  term: string;
}

/**
 * `REGISTRY/TERM`, or `TERM` at the registries that the settings search for short names, else at Docker Hub. An empty term
 * means all that the registry lists.
 */
export function readTerm(text: string, { shortNames }: Pick<RegistryAccess, 'shortNames'>): SearchPlace {
  if (isShort(text))
    return { registries: shortNames.search.length > 0 ? shortNames.search : ['docker.io'], term: text };
  const slash = text.indexOf('/');
  return { registries: [registryName(text.slice(0, slash))], term: text.slice(slash + 1) };
}

/**
 * By the registries' own search, or by looking through their lists where they have none. Several registries need not all
 * answer: `onFailure` is told which do not. Throws what the first has failed with when none does.
 */
export async function searchImages(
  { registries, term }: SearchPlace,
  request: SearchRequest,
  onFailure: (error: Fault) => void,
): Promise<FoundImages[]> {
  const found: FoundImages[] = [];
  const failures: Fault[] = [];
  for (const registry of registries) {
    try {
      found.push({ registry, results: await searchOne(registry, term, request) });
    } catch (error) {
      if (!(error instanceof Fault) || error.kind === 'cancelled') throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first !== undefined && found.length === 0) throw first;
  failures.forEach(onFailure);
  return found;
}

async function searchOne(registry: string, term: string, request: SearchRequest): Promise<SearchResult[]> {
  const listing = openListing(await connectionTo(registry, request));
  const results = term === '' ? undefined : await listing.search(term, request.limit);
  return results?.slice(0, request.limit) ?? (await lookThrough(listing, term, request.limit));
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
  // As a pull would go: a rule may block, move or mistrust one repository of a registry.
  const { rules, credentials, certificates } = request.access;
  const place = placeToPush(rules, { registry, repository });
  const cancel = request.signal === undefined ? {} : { signal: request.signal };
  const client = openRepository({
    registry: place.registry,
    repository: place.repository,
    insecure: request.insecure,
    credentials,
    certificates,
    ...(place.lax ? await howLax(place.registry, request.signal) : {}),
    ...cancel,
  });
  const tags = await client.tags();
  return { name: formatReference({ registry, repository }), tags: tags.slice(0, request.limit) };
}

async function connectionTo(registry: string, request: SearchRequest): Promise<ListingOptions> {
  const { access, insecure, signal } = request;
  const { credentials, certificates, rules } = access;
  const rule = rules.find(({ prefix }) => prefix === registry);
  if (rule?.blocked === true) throw new Fault('denied', `the registries file blocks ${registry}`);
  const cancel = signal === undefined ? {} : { signal };
  const lax = rule?.lax === true ? await howLax(registry, signal) : {};
  return { registry, insecure, credentials, certificates, ...lax, ...cancel };
}
