import { Fault } from '#base/fault.ts';
import { parseReference, type Reference } from '#store/reference.ts';

/** What an image that is about to be made shall be called; `doing` is such as `import`. Throws `invalid`. */
export function newNames(doing: string, name: string | undefined): Reference[] {
  if (name === undefined) return [];
  const reference = parseReference(name);
  if (reference.digest === undefined) return [reference];
  throw new Fault('invalid', `${doing} as ${name}: a digest cannot be given, it follows from the content`, {
    field: 'REPOSITORY',
  });
}
