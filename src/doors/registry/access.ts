import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { refusal } from '#engine/hosting/hosting.ts';
import type { Users } from './htpasswd.ts';
import { openPasswords } from './passwords.ts';
import { openTokens, type Bearer, type Tokens } from './tokens.ts';

export interface AccessRules {
  /** Nobody is asked for a password when there are none. */
  users?: Users;
  /** Everybody may read. */
  anonymousPull: boolean;
}

/** Who may do what. */
export interface Gate {
  /** Lets a request pass; gives the user's name. Throws UNAUTHORIZED. */
  admit(request: IncomingMessage, path: string): Promise<string | undefined>;
  /** What a refused client should show, for WWW-Authenticate. */
  challenge(request: IncomingMessage, path: string): string;
  /** Answers TOKEN_PATH, where tokens are in use. */
  token?: (request: IncomingMessage) => Promise<ReturnType<Tokens['issue']>>;
}

/**
 * Where all must show a password, they show it with each request. Where everybody may read, clients fetch a token first,
 * without a password for reading: docker knows no other way to do both.
 */
export const TOKEN_PATH = '/token';
const BASIC = 'Basic realm="sampan registry"';

export function openGate({ users, anonymousPull }: AccessRules): Gate {
  if (users === undefined) return { admit: async () => undefined, challenge: () => BASIC };
  const check = openPasswords(users);
  const tokens = anonymousPull ? openTokens() : undefined;
  /** Undefined when nothing is shown. */
  const identify = async ({ headers }: IncomingMessage): Promise<Bearer | undefined> => {
    const shown = basic(headers.authorization);
    if (shown !== undefined) {
      if (await check(shown.user, shown.password)) return { user: shown.user };
      throw refusal('UNAUTHORIZED', 'the user name or the password is wrong');
    }
    const [, token] = /^Bearer ([\w.-]+)$/i.exec(headers.authorization ?? '') ?? [];
    if (token === undefined || tokens === undefined) return undefined;
    const bearer = tokens.read(token);
    if (bearer !== undefined) return bearer;
    throw refusal('UNAUTHORIZED', 'the token is not, or no more, one of this registry');
  };
  const admit = async (request: IncomingMessage, path: string): Promise<string | undefined> => {
    const bearer = await identify(request);
    if (bearer?.user !== undefined) return bearer.user;
    // The base tells clients how to log in, so it asks those who have not tried even where reading is free.
    const free = tokens !== undefined && isReading(request, path) && (bearer !== undefined || !/^\/v2\/?$/.test(path));
    if (free) return undefined;
    throw refusal('UNAUTHORIZED', 'log in first');
  };
  if (tokens === undefined) return { admit, challenge: () => BASIC };
  return {
    admit,
    challenge: (request, path) => (path === TOKEN_PATH ? BASIC : bearerChallenge(request, path)),
    token: async (request) => tokens.issue((await identify(request)) ?? { user: undefined }),
  };
}

function isReading({ method }: IncomingMessage, path: string): boolean {
  return (method === 'GET' || method === 'HEAD') && !/\/blobs\/uploads\//.test(path);
}

/** The name that the client has called us by is the one that it can reach us by. */
function bearerChallenge(request: IncomingMessage, path: string): string {
  const { host = '' } = request.headers;
  if (!/^[\w.:[\]-]{1,255}$/.test(host)) return BASIC;
  const scheme = (request.socket as TLSSocket).encrypted ? 'https' : 'http';
  const [, name] = /^\/v2\/([a-z0-9._/-]+)\/(?:blobs|manifests|tags|referrers)\//.exec(path) ?? [];
  const actions = isReading(request, path) ? 'pull' : 'pull,push';
  const scope = name === undefined ? '' : `,scope="repository:${name}:${actions}"`;
  return `Bearer realm="${scheme}://${host}${TOKEN_PATH}",service="sampan registry"${scope}`;
}

/** Some clients without credentials send an empty name and password. */
function basic(header: string | undefined): { user: string; password: string } | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return text === ':' || colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
