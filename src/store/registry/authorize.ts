import { Fault } from '#base/fault.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { Credentials, PasswordCredentials } from './credentials.ts';
import { isLoopback } from './endpoint.ts';
import { wholeBody, type Exchange, type Interceptor, type RegistryRequest, type Reply } from './exchange.ts';
import { mergeScopes } from './scope.ts';
import { statusFault } from './status-fault.ts';

const LARGEST_TOKEN_REPLY = 1024 * 1024;
const FORM = 'application/x-www-form-urlencoded';

export interface AuthorizeOptions {
  /** The registry: no other host is shown what it has accepted, or asked for credentials by it. */
  origin: string;
  /** Asked once, when the registry wants some. */
  credentials: () => Promise<Credentials | undefined>;
  /** `repository:library/debian:pull`, for challenges that name no scope. */
  scope: string;
  /** Scopes that later requests need, asked for with those of the first challenge. */
  foreseen?: readonly string[];
  signal?: AbortSignal;
}

/**
 * Answers 401 with what the registry asks for: a bearer token (distribution token authentication) or basic
 * credentials. What was accepted is sent along from then on; a token that has expired is fetched anew.
 */
export function authorize(options: AuthorizeOptions): Interceptor {
  return (next) => {
    let known: Promise<Credentials | undefined> | undefined;
    const credentials = (): Promise<Credentials | undefined> => (known ??= options.credentials());
    let current: { header: string } | undefined;
    let pending: Promise<{ header: string }> | undefined;
    const renew = (reply: Reply, used: object | undefined): Promise<{ header: string }> => {
      // Another request may have renewed it while this one was under way.
      if (current !== undefined && current !== used) return Promise.resolve(current);
      pending ??= answer(next, reply, { ...options, credentials }).finally(() => (pending = undefined));
      return pending;
    };
    return async (request) => {
      if (request.url.origin !== options.origin) return next(request);
      const used = current;
      const send = (header: string | undefined): Promise<Reply> =>
        next(header === undefined ? request : { ...request, headers: { ...request.headers, Authorization: header } });
      const reply = await send(used?.header);
      if (reply.status !== 401 || reply.url.origin !== request.url.origin) return reply;
      if (!reply.headers.has('www-authenticate')) return reply;
      try {
        current = await renew(reply, used);
      } finally {
        // An answer that is neither read nor given up would keep the process from ending.
        await reply.discard();
      }
      return send(current.header);
    };
  };
}

async function answer(next: Exchange, reply: Reply, options: AuthorizeOptions): Promise<{ header: string }> {
  const challenges = parseChallenges(reply.headers.get('www-authenticate') ?? '');
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) return { header: `Bearer ${await fetchToken(next, reply.url, bearer, options)}` };
  const basic = challenges.some(({ scheme }) => scheme === 'basic');
  const credentials = basic ? await options.credentials() : undefined;
  if (credentials !== undefined && 'password' in credentials) return { header: basicHeader(credentials) };
  throw await statusFault(reply, basic ? 'log in: the registry asks for a user and a password' : 'log in');
}

async function fetchToken(
  next: Exchange,
  registry: URL,
  bearer: Challenge,
  options: AuthorizeOptions,
): Promise<string> {
  const realm = realmOf(registry, bearer);
  const parameters = tokenParameters(bearer, options);
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const reply = await next({ ...tokenRequest(realm, parameters, await options.credentials()), ...signal });
  if (reply.status !== 200) throw await statusFault(reply, 'fetch a token for the registry');
  const text = (await reply.bytes(LARGEST_TOKEN_REPLY)).toString();
  const token = tokenOf(text);
  if (token !== undefined) return token;
  throw new Fault('corrupt', `fetch a token from ${realm.origin}: the answer holds none`, {
    facts: { url: realm.href },
  });
}

/** With an identity token OAuth's way, by POST; else the older one, by GET. */
function tokenRequest(
  realm: URL,
  parameters: readonly (readonly [string, string])[],
  credentials: Credentials | undefined,
): RegistryRequest {
  if (credentials !== undefined && 'identityToken' in credentials) {
    const scopes = parameters.filter(([name]) => name === 'scope').map(([, scope]) => scope);
    const form = new URLSearchParams([
      ['grant_type', 'refresh_token'],
      ['client_id', 'sampan'],
      ...parameters.filter(([name]) => name !== 'scope').map(([name, value]) => [name, value]),
      ...(scopes.length === 0 ? [] : [['scope', scopes.join(' ')]]),
      ['refresh_token', credentials.identityToken],
    ]);
    return { url: realm, method: 'POST', headers: { 'Content-Type': FORM }, body: wholeBody(Buffer.from(`${form}`)) };
  }
  const url = new URL(realm);
  for (const [name, value] of parameters) url.searchParams.append(name, value);
  return { url, method: 'GET', headers: credentials === undefined ? {} : { Authorization: basicHeader(credentials) } };
}

function tokenParameters({ parameters }: Challenge, options: AuthorizeOptions): [string, string][] {
  const { service, scope } = parameters;
  const scopes = mergeScopes(scope === undefined || scope === '' ? options.scope : scope, ...(options.foreseen ?? []));
  return [
    ...(service === undefined ? [] : [['service', service] as [string, string]]),
    ...scopes.map((one): [string, string] => ['scope', one]),
  ];
}

/** The token server. It gets the credentials, so it has to be as secure as the registry. */
function realmOf(registry: URL, bearer: Challenge): URL {
  const { realm = '' } = bearer.parameters;
  if (!URL.canParse(realm) || !/^https?:$/.test(new URL(realm).protocol)) {
    throw new Fault('corrupt', `log in to ${registry.origin}: its token server is ${JSON.stringify(realm)}`);
  }
  const url = new URL(realm);
  if (url.protocol === 'http:' && registry.protocol === 'https:' && !isLoopback(url.hostname)) {
    throw new Fault('denied', `log in to ${registry.origin}: its token server ${url.origin} is not secure`);
  }
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

function basicHeader({ username, password }: PasswordCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
