import { expect, test } from 'bun:test';
import { COMMANDS } from './commands.ts';
import { EXAMPLES } from './examples.ts';
import { findCommand } from './find-command.ts';
import { parseFlags } from './flags.ts';

test('Every command that is shown has an example', () => {
  const shown = Object.entries(COMMANDS).flatMap(([name, { hidden }]) => (hidden ? [] : [name]));
  expect(shown.filter((name) => (EXAMPLES[name] ?? []).length === 0)).toEqual([]);
  expect(Object.keys(EXAMPLES).filter((name) => COMMANDS[name] === undefined)).toEqual([]);
});

const all = Object.entries(EXAMPLES).flatMap(([name, examples]) => examples.map(([words]) => [words, name] as const));

test.each(all)('The example can be read by its command: %s', async (text, name) => {
  // A shell's redirections and pipes are not for the command; quoted words stay whole.
  const [own = ''] = text.split(/ *[|>]/);
  const words = [...own.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  const found = findCommand(words);
  expect(found?.name).toBe(name);
  const verb = await found?.entry.load();
  const { rest } = parseFlags(found?.args ?? [], verb?.flags ?? {}, verb?.stop === true);
  const [least = 0, most = 0] = verb?.args ?? [];
  expect(rest.length >= least && rest.length <= most).toBe(true);
});
