import { Fault } from '#base/fault.ts';
import type { UsernsWish } from '#engine/userns/wish.ts';
import type { IdMapping } from '#runtime/spec/spec.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';

export const USERNS_FLAGS: FlagTable = {
  userns: {
    kind: 'text',
    value: 'MODE',
    does: 'User namespace: host (the default), auto[:size=N], keep-id, private, container:NAME or ns:PATH',
  },
  uidmap: { kind: 'list', value: 'INSIDE:OUTSIDE:COUNT', does: 'Map users of a new user namespace' },
  gidmap: { kind: 'list', value: 'INSIDE:OUTSIDE:COUNT', does: 'Map groups of it (as the users when left out)' },
  subuidname: { kind: 'text', value: 'NAME', does: 'Map the users that /etc/subuid gives to NAME' },
  subgidname: { kind: 'text', value: 'NAME', does: 'Map the groups that /etc/subgid gives to NAME' },
};

const FIELD = '--userns';
const bad = (field: string, text: string, why: string): Fault =>
  new Fault('invalid', `read ${field}: "${text}" ${why}`, { field });

/** Undefined when nothing was said. Spelling and meaning are podman's. */
export function usernsWish(flags: Flags): UsernsWish | undefined {
  const mode = flags.text('userns') ?? '';
  const maps = mapsWish(flags);
  if (maps !== undefined) {
    if (mode === '' || mode === 'private') return maps;
    throw new Fault('invalid', `read ${FIELD}: "${mode}" brings its own mapping`, {
      field: FIELD,
      hint: 'Leave out either it or --uidmap, --gidmap, --subuidname and --subgidname.',
    });
  }
  if (mode === '') return undefined;
  if (mode === 'private') throw bad(FIELD, mode, 'needs --uidmap, --gidmap or --subuidname');
  const [, kind = '', options = ''] = /^([a-z-]+)(?::(.*))?$/.exec(mode) ?? [];
  switch (kind) {
    case 'host':
      return { kind: 'host' };
    case 'nomap':
      return { kind: 'nomap' };
    case 'auto':
      return { kind: 'auto', ...numbers(mode, options, ['size']) };
    case 'keep-id':
      return { kind: 'keep-id', ...numbers(mode, options, ['uid', 'gid']) };
    case 'container':
    case 'ns':
      if (options === '' || (kind === 'ns' && !options.startsWith('/')))
        throw bad(FIELD, mode, 'names nothing to join');
      return { kind: 'join', mode };
  }
  throw bad(FIELD, mode, 'is not a mode that there is');
}

function mapsWish(flags: Flags): UsernsWish | undefined {
  const [uids, gids] = [readMaps(flags, 'uidmap'), readMaps(flags, 'gidmap')];
  const [userNames, groupNames] = [flags.text('subuidname'), flags.text('subgidname')];
  const names = userNames ?? groupNames;
  const given = uids ?? gids;
  if (given !== undefined && names !== undefined) {
    throw new Fault('invalid', 'read --subuidname: it does not go with --uidmap and --gidmap', {
      field: '--subuidname',
    });
  }
  if (names !== undefined) return { kind: 'names', uids: userNames ?? names, gids: groupNames ?? names };
  return given === undefined ? undefined : { kind: 'maps', uids: uids ?? given, gids: gids ?? given };
}

function readMaps(flags: Flags, name: string): IdMapping[] | undefined {
  const texts = flags.list(name);
  if (texts.length === 0) return undefined;
  const maps = texts.map((text): IdMapping => {
    const [, inside, outside, count = '1'] = /^(\d{1,10}):(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
    if (inside === undefined || outside === undefined || Number(count) === 0)
      throw bad(`--${name}`, text, 'is not INSIDE:OUTSIDE:COUNT');
    return { containerID: Number(inside), hostID: Number(outside), size: Number(count) };
  });
  for (const side of ['containerID', 'hostID'] as const) {
    const sorted = maps.toSorted((left, right) => left[side] - right[side]);
    const met = sorted.find(
      (one, at) => at > 0 && (sorted[at - 1]?.[side] ?? 0) + (sorted[at - 1]?.size ?? 0) > one[side],
    );
    if (met !== undefined) throw bad(`--${name}`, texts.join(' '), 'maps an id twice');
  }
  if (!maps.some(({ containerID }) => containerID === 0)) throw bad(`--${name}`, texts.join(' '), 'maps no root');
  return maps;
}

/** `size=5,uid=1` with these names and no others. */
function numbers<K extends string>(mode: string, options: string, names: readonly K[]): { [Name in K]?: number } {
  const found: { [Name in K]?: number } = {};
  for (const option of options.split(',').filter(Boolean)) {
    const [, name, number] = /^([a-z]+)=(\d{1,9})$/.exec(option) ?? [];
    const known = names.find((one) => one === name);
    if (known === undefined || number === undefined)
      throw bad(FIELD, mode, `has an option "${option}" that is not known`);
    found[known] = Number(number);
  }
  return found;
}
