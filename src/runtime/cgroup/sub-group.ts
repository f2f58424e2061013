import { Fault } from '#base/fault.ts';
import type { CgroupDirectory } from './layout.ts';

/** A group below the container's own, for the hierarchy of one controller or for all. */
export interface SubGroup {
  controller?: string;
  path: string;
}

const FIELD = '--cgroup';

/** `[CONTROLLER:]PATH`; several only with different controllers. Throws `invalid` for a path that climbs. */
export function parseSubGroups(texts: readonly string[]): SubGroup[] {
  const groups = texts.map(parse);
  const names = groups.map(({ controller = '' }) => controller);
  if (groups.length > 1 && (names.includes('') || new Set(names).size < names.length)) {
    fail('several groups need different controllers');
  }
  return groups;
}

/** The directories that a further program joins: the container's own, or those below it that are asked for. */
export function joinedDirectories(all: readonly CgroupDirectory[], wanted: readonly SubGroup[]): CgroupDirectory[] {
  const unknown = wanted.find(({ controller }) => controller && !all.some((one) => controls(one, controller)));
  if (unknown !== undefined) fail(`there is no controller ${unknown.controller}`);
  return all.map((directory) => {
    const sub = wanted.find(({ controller }) => controller === undefined || controls(directory, controller));
    return sub === undefined ? directory : { ...directory, path: `${directory.path}/${sub.path}` };
  });
}

function controls({ hierarchy }: CgroupDirectory, controller: string): boolean {
  return hierarchy !== undefined && (hierarchy.name === controller || hierarchy.controllers.includes(controller));
}

function parse(text: string): SubGroup {
  const [, controllers, wanted = ''] = /^(?:([^:/]*):)?(.*)$/.exec(text) ?? [];
  const parts = wanted.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) fail(`"${text}" climbs with ".."`);
  const path = parts.join('/');
  return controllers ? { controller: controllers, path } : { path };
}

function fail(why: string): never {
  throw new Fault('invalid', `${FIELD}: ${why}`, { field: FIELD });
}
