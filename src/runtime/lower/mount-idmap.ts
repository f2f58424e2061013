import { Fault } from '#base/fault.ts';
import type { Step } from '#kernel/plan.ts';
import type { IdMapping, Mount, Spec } from '#runtime/spec/spec.ts';
import { mapText } from './id-map.ts';

interface Maps {
  uids: readonly IdMapping[];
  gids: readonly IdMapping[];
}

const ID_MAP = /^r?idmap(=|$)/;

export const isIdMapOption = (option: string): boolean => option.includes('idmap') && ID_MAP.test(option);

/**
 * Ids on a bind mount shown as others: by the mount's own maps, by those of the option (`idmap=uids=0-1000-1;gids=...`,
 * as crun has it), or by the container's. The `r` form is for all mounts below as well.
 */
export function lowerMountIdMap(mount: Mount, spec: Spec, slot: string, origin: string): Step[] {
  const option = (mount.options ?? []).findLast(isIdMapOption);
  const maps = mapsOf(mount, spec, option, origin);
  if (maps === undefined) return [];
  const userns = `${slot}.ids`;
  const recursive = option?.startsWith('r') ? 1 : 0;
  return [
    { op: 'userns', uidMap: mapText(maps.uids), gidMap: mapText(maps.gids), out: userns },
    { op: 'mountAttr', slot, recursive, userns },
    { op: 'close', slot: userns },
  ];
}

/** For mounts that cannot have their ids mapped. */
export function refuseIdMap(mount: Mount, origin: string): void {
  const asked = (mount.options ?? []).some(isIdMapOption) || mount.uidMappings?.length || mount.gidMappings?.length;
  if (!asked) return;
  const field = mount.uidMappings?.length ? `${origin}.uidMappings` : `${origin}.options`;
  throw new Fault('unsupported', `${field}: ids can be mapped on bind mounts only`, { field });
}

function mapsOf(mount: Mount, spec: Spec, option: string | undefined, origin: string): Maps | undefined {
  const { uidMappings: uids = [], gidMappings: gids = [] } = mount;
  if (uids.length > 0 || gids.length > 0) {
    const missing = uids.length === 0 ? 'uidMappings' : gids.length === 0 ? 'gidMappings' : undefined;
    if (missing !== undefined) fail(`${origin}.${missing}`, 'is missing: users and groups are mapped together');
    return { uids, gids };
  }
  if (option === undefined) return undefined;
  const text = option.slice(option.indexOf('=') + 1);
  if (text !== option) return parseMaps(text, `${origin}.options`);
  const { uidMappings = [], gidMappings = [] } = spec.linux ?? {};
  if (uidMappings.length === 0) fail(`${origin}.options`, `"${option}" needs uidMappings, of the mount or of linux`);
  return { uids: uidMappings, gids: gidMappings };
}

/** `uids=0-1000-1#1-2000-5;gids=0-1000-1`: id on the file system, id that is shown, how many. */
function parseMaps(text: string, field: string): Maps {
  const maps: { uids: IdMapping[]; gids: IdMapping[] } = { uids: [], gids: [] };
  for (const part of text.split(';')) {
    const match = /^(uids|gids)=([0-9#-]+)$/.exec(part);
    if (match === null) fail(field, `"${part}" is no map such as uids=0-1000-1`);
    for (const range of (match[2] ?? '').split('#')) {
      const numbers = /^([0-9]+)-([0-9]+)-([1-9][0-9]*)$/.exec(range);
      if (numbers === null) fail(field, `"${range}" is no range such as 0-1000-1`);
      const [containerID = 0, hostID = 0, size = 0] = numbers.slice(1).map(Number);
      maps[match[1] as 'uids' | 'gids'].push({ containerID, hostID, size });
    }
  }
  if (maps.uids.length === 0 || maps.gids.length === 0) fail(field, 'idmap needs both uids and gids');
  return maps;
}

function fail(field: string, why: string): never {
  throw new Fault('invalid', `${field}: ${why}`, { field });
}
