import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import { isDigest, type Digest } from '#store/digest.ts';
import { fitness, type Platform } from '#store/platform.ts';
import { fullName } from './names.ts';
import type { IndexMember } from './record.ts';

const HEX = /^(?:sha256:)?([0-9a-f]{4,64})$/;

/** The index that the user's words mean: its digest, a name, or the start of its digest. Throws `conflict`. */
export function findIndexId(database: Database, text: string): Digest | undefined {
  return namedIndexId(database, text) ?? byPrefix(database, text);
}

/** The one of this name or digest. */
export function namedIndexId(database: Database, text: string): Digest | undefined {
  const found = isDigest(text)
    ? database.get<{ id: Digest }>('SELECT id FROM image_index WHERE id = ?', text)
    : database.get<{ id: Digest }>('SELECT index_id AS id FROM index_name WHERE name = ?', fullName(text) ?? '');
  return found?.id ?? byDigestInName(database, text);
}

/** `repository@DIGEST` of an index that is here by another name of the repository. */
function byDigestInName(database: Database, text: string): Digest | undefined {
  const [repository = '', digest = ''] = (fullName(text) ?? '').split('@');
  if (digest === '') return undefined;
  const rows = database.all<{ name: string }>('SELECT name FROM index_name WHERE index_id = ?', digest);
  return rows.some(({ name }) => name.replace(/:[^:/]*$/, '') === repository) ? (digest as Digest) : undefined;
}

function byPrefix(database: Database, text: string): Digest | undefined {
  const hex = HEX.exec(text)?.[1];
  if (hex === undefined) return undefined;
  const rows = database.all<{ id: Digest }>(
    'SELECT id FROM image_index WHERE id >= ?1 AND id < ?2 LIMIT 2',
    `sha256:${hex}`,
    `sha256:${hex}g`, // g comes after every hexadecimal digit
  );
  if (rows.length < 2) return rows[0]?.id;
  throw new Fault('conflict', `"${text}" is the start of several index digests`, { hint: 'Give more digits.' });
}

/** Of an index, the member that runs best on `wanted`. */
export function bestMember(members: readonly IndexMember[], wanted: Platform): IndexMember | undefined {
  let best: { member: IndexMember; level: number } | undefined;
  for (const member of members) {
    const level = fitness(wanted, member.platform);
    if (level !== undefined && (best === undefined || level > best.level)) best = { member, level };
  }
  return best?.member;
}

/** The unpacked image for `wanted` of the index that the words mean. */
export function memberImageId(database: Database, text: string, wanted: Platform): Digest | undefined {
  const id = findIndexId(database, text);
  if (id === undefined) return undefined;
  const row = database.get<{ members: string }>('SELECT members FROM image_index WHERE id = ?', id);
  const member = bestMember(JSON.parse(row?.members ?? '[]') as IndexMember[], wanted);
  if (member === undefined) return undefined;
  return database.get<{ id: Digest }>('SELECT id FROM image WHERE manifest = ? LIMIT 1', member.digest)?.id;
}
