import { Fault } from '#base/fault.ts';

/** The two files of an image that name users; empty when the image has none. */
export interface Accounts {
  passwd: string;
  groups: string;
}

export interface UserIdentity {
  uid: number;
  gid: number;
  additionalGids: number[];
  home: string;
}

interface Account {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

const MAX_ID = 2 ** 31 - 1;

/** The image wrote it: an empty field is not root, and -1, which the kernel takes for "as it is", is nobody. */
const idOf = (field = ''): number | undefined =>
  /^\d{1,10}$/.test(field) && Number(field) <= MAX_ID ? Number(field) : undefined;

const rows = (file: string): string[][] =>
  file
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));

function readAccounts(passwd: string): Account[] {
  return rows(passwd)
    .filter((row) => row.length >= 6)
    .map((row) => ({ name: row[0] ?? '', uid: idOf(row[2]), gid: idOf(row[3]), home: row[5] || '/' }))
    .filter((account): account is Account => account.uid !== undefined && account.gid !== undefined);
}

interface Group {
  name: string;
  gid: number;
  members: string[];
}

function readGroups(groups: string): Group[] {
  return rows(groups)
    .filter((row) => row.length >= 3)
    .map((row) => ({ name: row[0] ?? '', gid: idOf(row[2]), members: (row[3] ?? '').split(',').filter(Boolean) }))
    .filter((group): group is Group => group.gid !== undefined);
}

/** A whole decimal number or nothing: `1000abc` must never become 1000 (crun's CVE-2026-30892). */
function numericId(text: string, field: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > MAX_ID) throw new Fault('invalid', `read ${field}: ${text} is past the largest id ${MAX_ID}`, { field });
  return id;
}

/**
 * Who `name|uid[:group|gid]` is by the image's own files. A number needs no entry; a name does. Groups that list the
 * user as a member are added unless a group was given, as docker does.
 */
export function resolveUser(wish: string, accounts: Accounts, field: string): UserIdentity {
  const [userPart, groupPart] = splitOnce(wish === '' ? '0' : wish);
  const users = readAccounts(accounts.passwd);
  const groups = readGroups(accounts.groups);
  const uid = numericId(userPart, field);
  const user = users.find((account) => (uid === undefined ? account.name === userPart : account.uid === uid));
  if (uid === undefined && user === undefined) {
    throw new Fault('notFound', `find user "${userPart}": the image's /etc/passwd has no such user`, {
      field,
      hint: 'Give a numeric id, or a user that the image knows.',
    });
  }
  const gid = groupPart === undefined ? (user?.gid ?? 0) : resolveGroup(groupPart, groups, field);
  const named = user?.name;
  const additional =
    groupPart === undefined && named !== undefined ? groups.filter((group) => group.members.includes(named)) : [];
  return {
    uid: uid ?? user?.uid ?? 0,
    gid,
    additionalGids: [...new Set(additional.map((group) => group.gid))].filter((id) => id !== gid),
    home: user?.home ?? '/',
  };
}

function splitOnce(wish: string): [string, string?] {
  const colon = wish.indexOf(':');
  return colon === -1 ? [wish] : [wish.slice(0, colon), wish.slice(colon + 1)];
}

/** Numbers of groups that are given by name or number. */
export function groupIds(wishes: readonly string[], accounts: Accounts): number[] {
  const groups = readGroups(accounts.groups);
  return wishes.map((wish) => resolveGroup(wish, groups, '--group-add'));
}

function resolveGroup(text: string, groups: readonly Group[], field: string): number {
  const gid = numericId(text, field) ?? groups.find((group) => group.name === text)?.gid;
  if (gid === undefined) {
    throw new Fault('notFound', `find group "${text}": the image's /etc/group has no such group`, { field });
  }
  return gid;
}
