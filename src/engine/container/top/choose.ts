import { Fault } from '#base/fault.ts';
import { COLUMNS, type Column } from './columns.ts';

type Chosen = readonly (readonly [name: string, title?: string])[];

/** What each of ps's own formats shows. */
const FORMATS: Readonly<Record<string, Chosen>> = {
  full: [['user', 'UID'], ['pid'], ['ppid'], ['c'], ['stime'], ['tname'], ['time'], ['cmd']],
  user: [
    ['user'],
    ['pid'],
    ['%cpu'],
    ['%mem'],
    ['vsz'],
    ['rss'],
    ['tname'],
    ['stat'],
    ['start_time'],
    ['bsdtime'],
    ['command'],
  ],
  plain: [['pid'], ['tname'], ['time'], ['ucmd', 'CMD']],
  bsd: [['pid'], ['tname'], ['stat'], ['bsdtime'], ['command']],
};

/**
 * Columns that options of ps ask for: `-ef`, `aux`, `-o pid,comm=NAME` and the like; none is the full format. Which
 * processes are shown is not theirs to say. Throws `invalid` for an option that has no meaning here.
 */
export function chooseColumns(options: readonly string[]): Column[] {
  const named: Column[] = [];
  let format = options.length === 0 ? 'full' : 'plain';
  for (let at = 0; at < options.length; at += 1) {
    const word = options[at] ?? '';
    const output = /^(?:-[A-Za-z]*?o|o$|--format)(?:=?(.+))?$/.exec(word);
    if (output !== null) {
      const list = output[1] ?? options[(at += 1)];
      if (list === undefined) throw bad(word, 'it needs a list of columns');
      named.push(...columnsOf(list));
    } else if (/^-[efFAaxw]+$/.test(word)) format = /f/i.test(word) ? 'full' : format;
    else if (/^[auxwf]+$/.test(word)) format = word.includes('u') ? 'user' : 'bsd';
    else if (word in COLUMNS || word.includes(',')) named.push(...columnsOf(word));
    else throw bad(word, 'it is not known here');
  }
  return named.length > 0 ? named : (FORMATS[format] ?? []).flatMap(([name, title]) => titled(name, title));
}

/** `pid,comm=NAME`: a heading goes up to the end of the word. */
function columnsOf(list: string): Column[] {
  const equals = list.indexOf('=');
  const names = (equals < 0 ? list : list.slice(0, equals)).split(/[\s,]+/).filter(Boolean);
  const heading = equals < 0 ? undefined : list.slice(equals + 1);
  return names.flatMap((name, index) => titled(name, index === names.length - 1 ? heading : undefined));
}

function titled(name: string, title: string | undefined): Column[] {
  const found = Object.hasOwn(COLUMNS, name.toLowerCase()) ? COLUMNS[name.toLowerCase()] : undefined;
  if (found === undefined) throw bad(name, 'there is no such column');
  return [title === undefined ? found : { ...found, title }];
}

function bad(word: string, why: string): Fault {
  return new Fault('invalid', `read the ps option "${word}": ${why}`, {
    field: 'ps OPTIONS',
    hint: 'Write -ef, aux, or -o with columns such as pid,user,etime,args.',
  });
}
