import { Fault, isFault, sentence } from '#base/fault.ts';
import { familiarName, formatReference, type Reference } from '#store/reference.ts';
import { isShort, meaningsOf, type ShortNames } from '#store/registry/short-names.ts';
import type { Environment } from './auth-files.ts';
import { shortNames } from './registries-file.ts';

/** What a short name may mean, for looking into the store: mistakes in the settings are said when a registry is asked. */
export function localMeanings(env: Environment): (text: string) => string[] {
  return (text) => {
    if (!isShort(text)) return [];
    try {
      return meaningsOf(text, shortNames(env)).map(formatReference);
    } catch (error) {
      if (isFault(error, 'invalid', 'denied')) return [];
      throw error;
    }
  };
}

/** Does the work for the first meaning of a name that a registry has. */
export async function withMeaning<T>(
  name: string,
  names: ShortNames,
  work: (reference: Reference) => Promise<T>,
  tell: (text: string) => void,
): Promise<T> {
  const meanings = meaningsOf(name, names);
  for (const [at, reference] of meanings.entries()) {
    try {
      return await work(reference);
    } catch (error) {
      const passing = isFault(error, 'notFound', 'denied', 'unavailable');
      if (at === meanings.length - 1 || !passing) throw error;
      tell(`${familiarName(reference)} cannot be had, going on to the next: ${sentence(error)}`);
    }
  }
  throw new Fault('internal', `${name} means nothing`);
}
