import { Fault } from '#base/fault.ts';
import type { Database } from '#store/database.ts';
import { isDigest, type Digest } from '#store/digest.ts';
import { memberImageId } from '#store/index/find.ts';
import { fullName } from '#store/index/names.ts';
import type { Platform } from '#store/platform.ts';

/** What `ownImageId` gives, else the image for `wanted` of the index that the words mean. */
export function findImageId(database: Database, text: string, wanted: Platform): Digest | undefined {
  return ownImageId(database, text) ?? memberImageId(database, text, wanted);
}

/**
 * The ID of the image that the user's words mean: a whole ID or manifest digest first, then a name, then the start of
 * an ID or manifest digest. Throws `conflict` when such a start fits several images.
 */
export function ownImageId(database: Database, text: string): Digest | undefined {
  const hex = text.startsWith('sha256:') ? text.slice('sha256:'.length) : text;
  const isHex = /^[0-9a-f]{1,64}$/.test(hex);
  if (isDigest(text)) return byDigest(database, text);
  const named = hex === text ? byName(database, text) : undefined;
  if (named !== undefined || !isHex) return named;
  return byPrefix(database, text, `sha256:${hex}`);
}

function byDigest(database: Database, digest: Digest): Digest | undefined {
  return database.get<{ id: Digest }>(
    'SELECT id FROM image WHERE id = ?1 OR manifest = ?1 ORDER BY id = ?1 DESC LIMIT 1',
    digest,
  )?.id;
}

function byName(database: Database, text: string): Digest | undefined {
  const name = fullName(text) ?? '';
  return database.get<{ image: Digest }>('SELECT image FROM image_name WHERE name = ?', name)?.image;
}

function byPrefix(database: Database, text: string, prefix: string): Digest | undefined {
  const end = `${prefix}g`; // g comes after every hexadecimal digit
  const rows = database.all<{ id: Digest }>(
    'SELECT id FROM image WHERE (id >= ?1 AND id < ?2) OR (manifest >= ?1 AND manifest < ?2) LIMIT 3',
    prefix,
    end,
  );
  if (rows.length > 1) {
    throw new Fault('conflict', `"${text}" is the start of several image IDs`, { hint: 'Give more digits.' });
  }
  return rows[0]?.id;
}
