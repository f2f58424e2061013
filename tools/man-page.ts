import { VERSION } from '#base/version.ts';
import { flagWords, type CommandPage } from './command-table.ts';

/** A manual page in the macros of man(7). */
export function manPage({ name, usage, summary, flags, examples }: CommandPage): string {
  const full = `sampan-${name.replaceAll(' ', '-')}`;
  const options = Object.entries(flags).flatMap(([flag, spec]) => [
    '.TP',
    `.B ${escaped(flagWords(flag, spec))}`,
    text(spec.does),
  ]);
  const shown = examples.flatMap(([words, does]) => [
    '.PP',
    text(`${does}:`),
    '.PP',
    '.EX',
    text(`sampan ${words}`),
    '.EE',
  ]);
  return [
    `.TH "${full.toUpperCase()}" "1" "" "sampan ${VERSION}" "sampan"`,
    '.SH NAME',
    `${escaped(full)} \\- ${text(summary)}`,
    '.SH SYNOPSIS',
    `.B sampan ${escaped(name)}`,
    text(usage),
    ...(options.length === 0 ? [] : ['.SH OPTIONS', ...options]),
    ...(shown.length === 0 ? [] : ['.SH EXAMPLES', ...shown]),
    '.SH SEE ALSO',
    '.BR sampan (1)',
    '',
  ].join('\n');
}

/** The page of the program itself, which leads to those of its commands. */
export function mainPage(pages: readonly CommandPage[], globals: CommandPage['flags']): string {
  return [
    `.TH "SAMPAN" "1" "" "sampan ${VERSION}" "sampan"`,
    '.SH NAME',
    'sampan \\- containers without a daemon',
    '.SH SYNOPSIS',
    '.B sampan',
    text('[OPTIONS] COMMAND'),
    '.SH OPTIONS',
    ...Object.entries(globals).flatMap(([flag, spec]) => [
      '.TP',
      `.B ${escaped(flagWords(flag, spec))}`,
      text(spec.does),
    ]),
    '.SH COMMANDS',
    ...pages.flatMap(({ name, summary }) => [
      '.TP',
      `.BR sampan\\-${escaped(name.replaceAll(' ', '-'))} (1)`,
      text(summary),
    ]),
    '',
  ].join('\n');
}

/** Hyphens that are to stay minus signs, and backslashes that are to be shown. */
function escaped(words: string): string {
  return words.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

/** A line that begins with a dot or an apostrophe would be a request. */
function text(words: string): string {
  return escaped(words).replace(/^[.']/, '\\&$&');
}
