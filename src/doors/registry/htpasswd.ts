import { compare } from 'bcryptjs';
import { Fault } from '#base/fault.ts';

/** Users and the bcrypt hashes of their passwords. */
export type Users = ReadonlyMap<string, string>;

/** What bcrypt reads of a password. */
const LONGEST_PASSWORD = 72;
/** Some hash of bcrypt's, for users that are not there: their refusal takes as long. */
const NOBODY = '$2b$10$KMJDsk701/oAzqK7nYAKEeEGR2lXiRSIg.w8n/0woMoImjlD6wqWq';

/** Reads what `htpasswd -B` writes: one `user:hash` a line. Throws `invalid` with the line, and never its content. */
export function readHtpasswd(text: string, path: string): Users {
  const users = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    const [user, hash] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (colon < 1 || !/^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash)) {
      throw new Fault('invalid', `read ${path}: line ${index + 1} is no "user:hash" with a bcrypt hash`, {
        field: '--htpasswd',
        hint: 'Write it with htpasswd -B.',
      });
    }
    users.set(user, hash);
  }
  return users;
}

/** Whether it is this user's password. */
export async function checkPassword(users: Users, user: string, password: string): Promise<boolean> {
  const hash = users.get(user);
  if (Buffer.byteLength(password) > LONGEST_PASSWORD) return false;
  // The letter only names the program that has written the hash.
  const good = await compare(password, (hash ?? NOBODY).replace(/^\$2[axy]/, '$2b'));
  return good && hash !== undefined;
}
