/**
 * What is known only when a stored plan is executed. While it is made, a text stands in for each value; the numbers
 * are those of front/stored.h.
 */
export const STAND_IN = {
  id: 'sampan.stand-in.id_',
  /** Directory of the containers' state, absolute. */
  root: '/sampan.stand-in.root_',
  /** --pid-file, absolute; empty when it is not given. */
  pidFile: '/sampan.stand-in.pid-file_',
  /** --console-socket, absolute. */
  consoleSocket: '/sampan.stand-in.console-socket_',
  /** Of the state: RFC 3339. */
  created: 'sampan.stand-in.created_',
  /** The program that exec is asked for, and the whole list of its arguments. */
  program: 'sampan.stand-in.program_',
  arguments: 'sampan.stand-in.arguments_',
} as const;

const NUMBERS: ReadonlyMap<string, number> = new Map(Object.values(STAND_IN).map((text, index) => [text, index + 1]));
const ANY = new RegExp(`(${[...NUMBERS.keys()].map((text) => text.replaceAll('.', '\\.')).join('|')})`);

/** The parts of a text: what is constant as it is, a variable as its number. */
export function partsOf(text: string): (string | number)[] {
  return text.split(ANY).flatMap((part) => (part === '' ? [] : [NUMBERS.get(part) ?? part]));
}

export function holdsVariable(text: string): boolean {
  return text.includes('sampan.stand-in.');
}
