import { Fault } from '#base/fault.ts';

/** The unit that holds a container, and where systemd puts its control group below its own. */
export interface ScopeName {
  slice: string;
  unit: string;
  /** Absolute, below the manager's own group. */
  path: string;
}

const FIELD = 'linux.cgroupsPath';

/** Reads `slice:prefix:name`. Without a path, or with empty parts, what is left out is `system.slice`, `sampan` and the id. */
export function scopeName(cgroupsPath: string | undefined, id: string, isUser: boolean): ScopeName {
  const parts = (cgroupsPath || `:sampan:${id}`).split(':');
  if (parts.length !== 3) {
    throw new Fault('invalid', `${FIELD}: with systemd it is slice:prefix:name, not "${cgroupsPath}"`, {
      field: FIELD,
      hint: 'Leave --systemd-cgroup out for a path.',
    });
  }
  const [given = '', prefix = '', name = ''] = parts;
  const slice = given || (isUser ? 'user.slice' : 'system.slice');
  if (name === '' || name.endsWith('.slice')) refuse(`the unit's name "${name}" must be one for a scope`);
  const unit = `${prefix === '' ? '' : `${prefix}-`}${name}.scope`;
  if (!/^[A-Za-z0-9:_.\\@-]{1,255}$/.test(unit)) refuse(`"${unit}" is no name of a unit`);
  return { slice, unit, path: `${slicePath(slice)}/${unit}` };
}

/** `a-b.slice` lies in `a.slice`; `-.slice` is the root. */
export function slicePath(slice: string): string {
  if (slice === '-.slice') return '';
  const name = slice.endsWith('.slice') ? slice.slice(0, -'.slice'.length) : '';
  const parts = name.split('-');
  if (parts.includes('') || !/^[A-Za-z0-9:_.\\@-]+$/.test(name)) refuse(`"${slice}" is no name of a slice`);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('-')}.slice`).join('');
}

function refuse(why: string): never {
  throw new Fault('invalid', `${FIELD}: ${why}`, { field: FIELD });
}
