import { Fault } from '#base/fault.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { isLoopback } from './endpoint.ts';
import type { Exchange, Interceptor, Reply } from './exchange.ts';
import { statusFault } from './status-fault.ts';

const LARGEST_TOKEN_REPLY = 1024 * 1024;

export interface AuthorizeOptions {
  credentials: Credentials | undefined;
  /** `repository:library/debian:pull`, for challenges that name no scope. */
  scope: string;
  signal?: AbortSignal;
}

/**
 * Answers 401 with what the registry asks for: a bearer token (distribution token authentication) or basic
 * credentials. What was accepted is sent along from then on; a token that has expired is fetched anew.
 */
export function authorize(options: AuthorizeOptions): Interceptor {
  return (next) => {
    let current: { header: string } | undefined;
    let pending: Promise<{ header: string }> | undefined;
    const renew = (reply: Reply, used: object | undefined): Promise<{ header: string }> => {
      // Another request may have renewed it while this one was under way.
      if (current !== undefined && current !== used) return Promise.resolve(current);
      pending ??= answer(next, reply, options).finally(() => (pending = undefined));
      return pending;
    };
    return async (request) => {
      const used = current;
      const send = (header: string | undefined): Promise<Reply> =>
        next(header === undefined ? request : { ...request, headers: { ...request.headers, Authorization: header } });
      const reply = await send(used?.header);
      if (reply.status !== 401 || reply.url.origin !== request.url.origin) return reply;
      if (!reply.headers.has('www-authenticate')) return reply;
      const answered = await renew(reply, used);
      await reply.discard();
      current = answered;
      return send(answered.header);
    };
  };
}

async function answer(next: Exchange, reply: Reply, options: AuthorizeOptions): Promise<{ header: string }> {
  const challenges = parseChallenges(reply.headers.get('www-authenticate') ?? '');
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) return { header: `Bearer ${await fetchToken(next, reply.url, bearer, options)}` };
  const basic = challenges.some(({ scheme }) => scheme === 'basic');
  if (basic && options.credentials !== undefined) return { header: basicHeader(options.credentials) };
  throw await statusFault(reply, basic ? 'log in: the registry asks for a user and a password' : 'log in');
}

async function fetchToken(
  next: Exchange,
  registry: URL,
  bearer: Challenge,
  options: AuthorizeOptions,
): Promise<string> {
  const url = tokenUrl(registry, bearer, options);
  const headers = options.credentials === undefined ? {} : { Authorization: basicHeader(options.credentials) };
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const reply = await next({ url, method: 'GET', headers, ...signal });
  if (reply.status !== 200) throw await statusFault(reply, 'fetch a token for the registry');
  const text = (await reply.bytes(LARGEST_TOKEN_REPLY)).toString();
  const token = tokenOf(text);
  if (token !== undefined) return token;
  throw new Fault('corrupt', `fetch a token from ${url.origin}: the answer holds none`, { facts: { url: url.href } });
}

function tokenUrl(registry: URL, bearer: Challenge, options: AuthorizeOptions): URL {
  const { realm = '', service, scope } = bearer.parameters;
  if (!URL.canParse(realm) || !/^https?:$/.test(new URL(realm).protocol)) {
    throw new Fault('corrupt', `log in to ${registry.origin}: its token server is ${JSON.stringify(realm)}`);
  }
  const url = new URL(realm);
  if (url.protocol === 'http:' && registry.protocol === 'https:' && !isLoopback(url.hostname)) {
    throw new Fault('denied', `log in to ${registry.origin}: its token server ${url.origin} is not secure`);
  }
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope === undefined || scope === '' ? options.scope : scope);
  return url;
}

function tokenOf(text: string): string | undefined {
  try {
    const { token, access_token: other } = JSON.parse(text) as { token?: unknown; access_token?: unknown };
    const found = token ?? other;
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function basicHeader({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
