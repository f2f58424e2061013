import { isDigest, type Digest } from '#store/digest.ts';
import { refusal } from './refusal.ts';

/** Grammar of the distribution specification ("Pulling manifests"). What does not fit never gets further than here. */
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** Clients allow 255 with the registry's host. */
const LONGEST_REPOSITORY = 255;

export function isRepository(text: string): boolean {
  return text.length <= LONGEST_REPOSITORY && REPOSITORY.test(text);
}

export const isTag = (text: string): boolean => TAG.test(text);

/** Throws NAME_INVALID. */
export function checkedRepository(text: string): string {
  if (isRepository(text)) return text;
  throw refusal('NAME_INVALID', 'this is no name of a repository: lower-case words with digits, "." "_" "-" and "/"');
}

/** Throws DIGEST_INVALID. */
export function checkedDigest(text: string | undefined): Digest {
  if (text !== undefined && isDigest(text)) return text;
  throw refusal('DIGEST_INVALID', 'this is no sha256 or sha512 digest');
}
