import { asArray, asObject, asTexts, parseJson, type JsonObject } from '#store/image/json.ts';
import { authorize } from './authorize.ts';
import type { ConnectionSettings } from './connection.ts';
import type { CredentialSource } from './credentials.ts';
import { endpointOf } from './endpoint.ts';
import { compose, fetchExchange, type Exchange } from './exchange.ts';
import { followRedirects } from './redirect.ts';
import { DEFAULT_RETRY, retry, type RetryPolicy } from './retry.ts';
import { statusFault } from './status-fault.ts';
import { nextPage } from './tags.ts';

export interface ListingOptions extends ConnectionSettings {
  registry: string;
  insecure: boolean;
  credentials?: CredentialSource;
  signal?: AbortSignal;
  retry?: RetryPolicy;
}

/** What a registry has, asked of itself. Faults: denied, notFound, exhausted, unavailable, corrupt. */
export interface RegistryListing {
  /** By the older `_catalog`, which not all registries answer; page by page. */
  repositories(): AsyncIterable<string>;
  /** By Docker Hub's search; undefined when the registry has none. */
  search(term: string, limit: number): Promise<SearchResult[] | undefined>;
}

export interface SearchResult {
  name: string;
  description: string;
  stars: number;
  official: boolean;
  automated: boolean;
}

const WHAT = 'list of repositories';
const IDLE_MS = 30_000;
const LARGEST_ANSWER = 4 * 1024 * 1024;
/** A registry that always names a next page is not followed for ever. */
const MOST_PAGES = 1000;
/** Docker Hub answers searches on another host than pulls. */
const SEARCH_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'https://index.docker.io/v2/' };

export function openListing(options: ListingOptions): RegistryListing {
  const { registry, insecure } = options;
  const base = endpointOf(registry, insecure);
  return {
    repositories: () => listed(exchangeOf(options, base)),
    search: async (term, limit) => {
      const hub = new URL(SEARCH_HOSTS[registry] ?? base);
      const url = new URL('/v1/search', hub);
      url.search = String(new URLSearchParams({ q: term, n: String(limit) }));
      const { exchange, cancel } = exchangeOf(options, hub);
      const reply = await exchange({ url, method: 'GET', headers: { Accept: 'application/json' }, ...cancel });
      const isJson = (reply.headers.get('content-type') ?? '').startsWith('application/json');
      if (reply.status === 200 && isJson) return readResults(await reply.bytes(LARGEST_ANSWER));
      if (reply.status === 429 || reply.status >= 500) throw await statusFault(reply, `search ${registry}`);
      await reply.discard();
      return undefined;
    },
  };
}

interface Asking {
  exchange: Exchange;
  base: URL;
  cancel: { signal?: AbortSignal };
}

function exchangeOf(options: ListingOptions, base: URL): Asking {
  const { registry, signal } = options;
  const scope = 'registry:catalog:*';
  const cancel = signal === undefined ? {} : { signal };
  const exchange = compose(
    fetchExchange(IDLE_MS, options),
    authorize({ origin: base.origin, credentials: async () => options.credentials?.(registry, ''), scope, ...cancel }),
    retry(options.retry ?? DEFAULT_RETRY),
    followRedirects,
  );
  return { exchange, base, cancel };
}

async function* listed({ exchange, base, cancel }: Asking): AsyncGenerator<string, void, undefined> {
  let url: URL | undefined = new URL('_catalog', base);
  for (let page = 0; url !== undefined && page < MOST_PAGES; page++) {
    const reply = await exchange({ url, method: 'GET', headers: { Accept: 'application/json' }, ...cancel });
    if (reply.status !== 200) throw await statusFault(reply, `list the repositories of ${base.host}`);
    const next: string | null = reply.headers.get('link');
    yield* asTexts(parseJson(await reply.bytes(LARGEST_ANSWER), WHAT)['repositories'], WHAT);
    url = nextPage(next, url);
  }
}

function readResults(bytes: Buffer): SearchResult[] {
  const json = parseJson(bytes, "registry's answer to a search");
  return asArray(json['results'] ?? [], 'results of the search').map((item) =>
    readResult(asObject(item, 'result of the search')),
  );
}

function readResult(json: JsonObject): SearchResult {
  const text = (key: string): string => (typeof json[key] === 'string' ? json[key] : '');
  return {
    name: text('name'),
    description: text('description'),
    stars: typeof json['star_count'] === 'number' ? json['star_count'] : 0,
    official: json['is_official'] === true,
    automated: json['is_automated'] === true,
  };
}
