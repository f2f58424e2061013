import type { Database } from '#store/database.ts';
import { isDigest } from '#store/digest.ts';
import { fullName, isName } from '#store/index/names.ts';
import { ownImageId } from './find.ts';

/** May be the start of an ID. */
const HEX = /^(?:sha256:)?[0-9a-f]{1,64}$/;

/**
 * The name that the user's words mean: themselves, as Docker reads them, when the store has an image or index by it; else
 * the first of the other meanings of a short name that it has.
 */
export function meantName(
  database: Database,
  otherMeanings: (text: string) => readonly string[],
): (text: string) => string {
  return (text) => {
    if (isDigest(text) || isName(database, fullName(text) ?? '')) return text;
    if (HEX.test(text) && ownImageId(database, text) !== undefined) return text;
    return otherMeanings(text).find((name) => isName(database, name)) ?? text;
  };
}
