import { Fault } from '#base/fault.ts';
import type { Exchange } from './exchange.ts';
import { statusFault } from './status-fault.ts';

const LARGEST_PAGE = 8 * 1024 * 1024;
const MOST_TAGS = 100_000;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** All tags of a repository, page by page (distribution-spec, "Listing Tags"). */
export async function listTags(
  exchange: Exchange,
  base: URL,
  repository: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const tags = new Set<string>();
  let url: URL | undefined = new URL('tags/list', base);
  while (url !== undefined) {
    const reply = await exchange({ url, method: 'GET', headers: {}, ...(signal === undefined ? {} : { signal }) });
    if (reply.status !== 200) throw await statusFault(reply, `list the tags of ${repository}`);
    const before = tags.size;
    for (const tag of tagsIn(await reply.bytes(LARGEST_PAGE), repository)) tags.add(tag);
    if (tags.size > MOST_TAGS) throw new Fault('corrupt', `list the tags of ${repository}: more than ${MOST_TAGS}`);
    // A registry that goes on without an end gives nothing new at some time.
    url = tags.size === before ? undefined : nextPage(reply.headers.get('link'), url);
  }
  return [...tags];
}

function tagsIn(bytes: Buffer, repository: string): string[] {
  try {
    const { tags } = JSON.parse(bytes.toString()) as { tags?: unknown };
    const list = tags ?? [];
    if (Array.isArray(list) && list.every((tag) => typeof tag === 'string' && TAG.test(tag))) return list as string[];
  } catch {
    // Said below.
  }
  throw new Fault('corrupt', `list the tags of ${repository}: the answer is no list of tags`);
}

/**
 * `<URL>; rel="next"` (RFC 8288), always at the same registry: a proxy in front of it often has it name a host or scheme
 * that is not the one it was reached by, and no other host is shown what authorizes us here.
 */
export function nextPage(link: string | null, from: URL): URL | undefined {
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined || !URL.canParse(target, from)) return undefined;
  const { pathname, search } = new URL(target, from);
  // By its fields: a path that begins with two slashes would name a host.
  const next = new URL(from);
  next.pathname = pathname;
  next.search = search;
  return next;
}
