/** What may stand at a place of a command line. */
export type Place = 'container' | 'image' | 'volume' | 'file' | 'other';

type Meanings = readonly (readonly [RegExp, readonly Place[]])[];

/** What the values of flags are called. */
const VALUES: Meanings = [
  [/CONTAINER/, ['container']],
  [/IMAGE/, ['image']],
  [/VOLUME/, ['volume']],
  [/FILE|DIR|PATH/, ['file']],
];
/** A command's arguments have these as well. */
const ARGUMENTS: Meanings = [
  [/^NAME\|ID/, ['container', 'image']],
  ...VALUES,
  [/^(?:NAME|LIST)/, ['image']],
  [/^-$/, ['file']],
];

const meaning = (word: string, of: Meanings): readonly Place[] =>
  of.find(([pattern]) => pattern.test(word))?.[1] ?? ['other'];

/** What a flag's value may be, by the word that stands for it in the help. */
export function valueOf(word: string): readonly Place[] {
  return meaning(word, VALUES);
}

/**
 * What may stand at the place of a command's arguments with this number, from 0, by its usage line: words in brackets may
 * be left out, the one with dots comes again and again, and after a bar another form begins.
 */
export function placeAt(usage: string, at: number): readonly Place[] {
  const [form = ''] = usage.split(' | ');
  const words = form.split(' ').filter((word) => word !== '' && word !== '[OPTIONS]');
  const word = words[at] ?? (words.at(-1)?.includes('...') === true ? words.at(-1) : undefined);
  return word === undefined ? [] : meaning(word, ARGUMENTS);
}
