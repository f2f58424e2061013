import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { refusal } from '#engine/hosting/hosting.ts';
import { checkPassword, type Users } from './htpasswd.ts';

export interface AccessRules {
  /** Nobody is asked for a password when there are none. */
  users?: Users;
  /** Everybody may read. */
  anonymousPull: boolean;
}

/** Whether a request may go on; gives the user's name. Throws UNAUTHORIZED. */
export type Gate = (request: IncomingMessage, path: string) => Promise<string | undefined>;

/** Each request shows its password, and bcrypt is slow by design: those that were good are known by a keyed hash. */
const MOST_KNOWN = 1000;
/** So many passwords are looked at a time; more would hold up those who have shown theirs. */
const MOST_CHECKS = 2;

export function openGate({ users, anonymousPull }: AccessRules): Gate {
  if (users === undefined) return async () => undefined;
  const key = randomBytes(32);
  const known = new Set<string>();
  let checks: Promise<unknown>[] = [];
  const check = async (user: string, password: string): Promise<boolean> => {
    const name = createHmac('sha256', key).update(`${user}:${password}`).digest('base64');
    if (known.has(name)) return true;
    while (checks.length >= MOST_CHECKS) await Promise.race(checks);
    const checking = checkPassword(users, user, password);
    checks.push(checking);
    const good = await checking.finally(() => (checks = checks.filter((one) => one !== checking)));
    if (known.size >= MOST_KNOWN) known.clear();
    if (good) known.add(name);
    return good;
  };
  return async (request, path) => {
    const shown = basic(request.headers.authorization);
    if (shown !== undefined && (await check(shown.user, shown.password))) return shown.user;
    // The base tells clients how to log in, so it asks even where reading is free.
    const reads = (request.method === 'GET' || request.method === 'HEAD') && !/^\/v2\/?$/.test(path);
    const isUpload = /\/blobs\/uploads\//.test(path);
    if (shown === undefined && anonymousPull && reads && !isUpload) return undefined;
    throw refusal('UNAUTHORIZED', shown === undefined ? 'log in first' : 'the user name or the password is wrong');
  };
}

/** Some clients without credentials send an empty name and password. */
function basic(header: string | undefined): { user: string; password: string } | undefined {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return text === ':' || colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
