import { Fault } from '#base/fault.ts';
import type { Interceptor, RegistryRequest, Reply } from './exchange.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** These ask for the same request elsewhere; the others would make a GET of it. */
const KEEPING = new Set([307, 308]);
const MOST_HOPS = 5;

/**
 * Follows redirects. What authorizes us at one host is not shown to another one, and a secure connection is not
 * given up for a plain one.
 */
export const followRedirects: Interceptor = (next) => async (original) => {
  let request = original;
  const followed = original.method === 'GET' || original.method === 'HEAD' ? REDIRECTS : KEEPING;
  for (let hop = 0; hop <= MOST_HOPS; hop++) {
    const reply = await next(request);
    if (!followed.has(reply.status)) return reply;
    const target = await targetOf(reply, request);
    request = { ...request, url: target, headers: headersFor(request, target) };
  }
  throw new Fault('unavailable', `${original.method} ${original.url.href}: more than ${MOST_HOPS} redirects`);
};

async function targetOf(reply: Reply, request: RegistryRequest): Promise<URL> {
  await reply.discard();
  const location = reply.headers.get('location') ?? '';
  const target = URL.canParse(location, request.url) ? new URL(location, request.url) : undefined;
  const doing = `${request.method} ${request.url.href}`;
  if (target === undefined || location === '' || !/^https?:$/.test(target.protocol)) {
    throw new Fault('corrupt', `${doing}: it redirects to ${JSON.stringify(location)}`);
  }
  if (request.url.protocol === 'https:' && target.protocol === 'http:') {
    throw new Fault('denied', `${doing}: it redirects to ${target.origin}, which is not secure`);
  }
  return target;
}

function headersFor(request: RegistryRequest, target: URL): Readonly<Record<string, string>> {
  if (target.origin === request.url.origin) return request.headers;
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}
