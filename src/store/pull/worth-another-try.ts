import { isFault } from '#base/fault.ts';

/** The same may succeed later, or from another place; `exhausted` by a registry's limit, and not by a full disk. */
export function worthAnotherTry(error: unknown): boolean {
  if (isFault(error, 'exhausted')) return 'status' in error.facts;
  return isFault(error, 'unavailable', 'cancelled', 'denied', 'notFound');
}
