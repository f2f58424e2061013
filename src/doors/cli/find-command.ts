import { Fault } from '#base/fault.ts';
import { COMMANDS, type Entry } from './commands.ts';
import { CONTAINER_COMMANDS } from './commands/containers.ts';
import { IMAGE_COMMANDS } from './commands/images.ts';
import { REGISTRY_COMMANDS } from './commands/registries.ts';

export interface FoundCommand {
  name: string;
  entry: Entry;
  /** Words after its name. */
  args: readonly string[];
}

/** Groups whose commands have a short form without the group's word, as docker has them. */
const SHORT: Readonly<Record<string, Readonly<Record<string, Entry | undefined>>>> = {
  container: CONTAINER_COMMANDS,
  image: { ...IMAGE_COMMANDS, pull: REGISTRY_COMMANDS['pull'], push: REGISTRY_COMMANDS['push'] },
};

const ALIASES: Readonly<Record<string, string>> = {
  'container ls': 'ps',
  'container list': 'ps',
  'container ps': 'ps',
  'system events': 'events',
  'system version': 'version',
  'image ls': 'images',
  'image list': 'images',
  'image rm': 'rmi',
};

/** The command that a line begins with, in its long or its short form. */
export function findCommand(rest: readonly string[]): FoundCommand | undefined {
  const [first = '', second = ''] = rest;
  const two = `${first} ${second}`;
  const name = [two, ALIASES[two] ?? ''].find((one) => COMMANDS[one] !== undefined);
  if (name !== undefined) return found(name, rest.slice(2));
  if (SHORT[first]?.[second] !== undefined) return found(second, rest.slice(2));
  return COMMANDS[first] === undefined ? undefined : found(first, rest.slice(1));
}

function found(name: string, args: readonly string[]): FoundCommand | undefined {
  const entry = COMMANDS[name];
  return entry === undefined ? undefined : { name, entry, args };
}

/** Words that commands are grouped by: `container`, `image`, `system`, ... */
export function groupNames(): string[] {
  const long = Object.keys(COMMANDS).flatMap((name) => (name.includes(' ') ? [name.split(' ')[0] ?? ''] : []));
  return [...new Set([...Object.keys(SHORT), ...long])].sort();
}

/** The commands of a group by the word after the group's, hidden ones left out; undefined when there is no such group. */
export function groupMembers(group: string): Readonly<Record<string, Entry>> | undefined {
  if (!groupNames().includes(group)) return undefined;
  const short = Object.entries(SHORT[group] ?? {}).filter(([name]) => !name.includes(' '));
  const long = Object.entries(COMMANDS).flatMap(([name, entry]) =>
    name.startsWith(`${group} `) ? [[name.slice(group.length + 1), entry] as const] : [],
  );
  const all = [...short, ...long].flatMap(([name, entry]) =>
    entry === undefined || entry.hidden === true ? [] : [[name, entry] as const],
  );
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The commands of one word that are shown. */
function plainCommands(): string[] {
  return Object.entries(COMMANDS).flatMap(([name, { hidden }]) =>
    hidden === true || name.includes(' ') ? [] : [name],
  );
}

/** What to say of words that are no command; names what may have been meant. */
export async function unknownCommand([first = '', second]: readonly string[]): Promise<Fault> {
  const { nearest } = await import('#base/nearest.ts');
  const members = groupMembers(first);
  const [word, known, of] =
    members === undefined
      ? [first, [...plainCommands(), ...groupNames(), 'oci'], 'sampan']
      : [second ?? '', Object.keys(members), `sampan ${first}`];
  const meant = nearest(word, known);
  const hint = meant === undefined ? `See '${of} --help'.` : `Did you mean '${of} ${meant}'? See '${of} --help'.`;
  const what = members === undefined ? 'a sampan command' : `a command of ${of}`;
  return new Fault('invalid', `"${word}" is not ${what}`, { facts: { usage: true }, hint });
}
