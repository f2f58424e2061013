import { readFileSync } from 'node:fs';
import { findIdMappers } from '#runtime/verbs/id-mappers.ts';
import { subordinateIds, userName, type IdRange } from './subordinate-ids.ts';

/** How a user's ids come into their namespace. */
export interface Mapping {
  /** Programs and their arguments, where the second word stands for the process; none: the own id alone. */
  mappers: readonly (readonly string[])[];
  /** What is missing for more ids than one. */
  warnings: readonly string[];
}

const FILES = { uids: '/etc/subuid', gids: '/etc/subgid' } as const;

/** The user is root inside; what /etc/subuid and /etc/subgid give them follows from 1 on. */
export function mappingOf(uid: number, gid: number): Mapping {
  const name = userName(textOf('/etc/passwd'), uid);
  const owners = [String(uid), ...(name === undefined ? [] : [name])];
  const [uids, gids] = [FILES.uids, FILES.gids].map((file) => subordinateIds(textOf(file), owners));
  const programs = findIdMappers();
  const lacking = [
    ...(uids?.length ? [] : [`no subuid ranges found for user "${name ?? uid}" in ${FILES.uids}`]),
    ...(gids?.length ? [] : [`no subgid ranges found for user "${name ?? uid}" in ${FILES.gids}`]),
    ...(programs.uids !== undefined && programs.gids !== undefined
      ? []
      : ['newuidmap and newgidmap are not installed (Debian: uidmap)']),
  ];
  if (lacking.length > 0) return { mappers: [], warnings: [...lacking, SINGLE] };
  return {
    mappers: [mapper(programs.uids ?? '', uid, uids ?? []), mapper(programs.gids ?? '', gid, gids ?? [])],
    warnings: [],
  };
}

const SINGLE =
  'using a single id in the user namespace: images with files of other owners cannot be unpacked. ' +
  'Ask root for ranges: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER';

/** The arguments of newuidmap(1) after its process: inside, outside and how many, again and again. */
export function mapper(program: string, own: number, ranges: readonly IdRange[]): string[] {
  const words = [program, '', '0', String(own), '1'];
  let inside = 1;
  for (const { start, count } of ranges) {
    words.push(String(inside), String(start), String(count));
    inside += count;
  }
  return words;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
