import { createHmac, randomBytes } from 'node:crypto';
import { checkPassword, type Users } from './htpasswd.ts';

/** Each request shows its password, and bcrypt is slow by design: those that were good are known by a keyed hash. */
const MOST_KNOWN = 1000;
/** So many passwords are looked at a time; more would hold up those who have shown theirs. */
const MOST_CHECKS = 2;

export function openPasswords(users: Users): (user: string, password: string) => Promise<boolean> {
  const key = randomBytes(32);
  const known = new Set<string>();
  let checks: Promise<unknown>[] = [];
  return async (user, password) => {
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
}
