import { Fault } from '#base/fault.ts';
import { isDeviceName, isKind } from './names.ts';

/** What a container is given for a device. Names of fields are those of the CDI specification. */
export interface ContainerEdits {
  env?: string[];
  deviceNodes?: DeviceNode[];
  netDevices?: { hostInterfaceName: string; name: string }[];
  hooks?: { hookName: string; path: string; args?: string[]; env?: string[]; timeout?: number }[];
  mounts?: { hostPath: string; containerPath: string; type?: string; options?: string[] }[];
  intelRdt?: {
    closID?: string;
    l3CacheSchema?: string;
    memBwSchema?: string;
    schemata?: string[];
    enableMonitoring?: boolean;
    enableCMT?: boolean;
    enableMBM?: boolean;
  };
  additionalGids?: number[];
}

export interface DeviceNode {
  path: string;
  hostPath?: string;
  type?: string;
  major?: number;
  minor?: number;
  fileMode?: number;
  permissions?: string;
  uid?: number;
  gid?: number;
}

export interface CdiSpecification {
  cdiVersion: string;
  kind: string;
  devices: { name: string; containerEdits: ContainerEdits }[];
  containerEdits?: ContainerEdits;
}

/** Throws `invalid` with the field at fault. */
type Check = (value: unknown, field: string) => void;

const wrong = (field: string, wanted: string): Fault => new Fault('invalid', `${field} is not ${wanted}`, { field });

const when =
  (holds: (value: unknown) => boolean, wanted: string): Check =>
  (value, field) => {
    if (!holds(value)) throw wrong(field, wanted);
  };

const text = when((value) => typeof value === 'string' && value !== '', 'a text');
const anyText = when((value) => typeof value === 'string', 'a text');
const absolute = when((value) => typeof value === 'string' && value.startsWith('/'), 'an absolute path');
const truth = when((value) => typeof value === 'boolean', 'true or false');
const number = when((value) => Number.isInteger(value) && (value as number) >= 0, 'a whole number');
const matching = (shape: RegExp, wanted: string): Check =>
  when((value) => typeof value === 'string' && shape.test(value), wanted);

const list =
  (check: Check): Check =>
  (value, field) => {
    if (!Array.isArray(value)) throw wrong(field, 'a list');
    for (const [index, item] of value.entries()) check(item, `${field}[${index}]`);
  };

/** The fields that may be there; those with a ! must. */
const table =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, field) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw wrong(field || 'the file', 'a table');
    const known = new Map(Object.entries(fields).map(([name, check]) => [name.replace('!', ''), check]));
    for (const [name, item] of Object.entries(value)) {
      const at = field === '' ? name : `${field}.${name}`;
      const check = known.get(name);
      if (check === undefined) throw new Fault('invalid', `there is no field ${at}`, { field: at });
      // Written, and empty: as good as left out.
      if (item !== null) check(item, at);
    }
    for (const name of Object.keys(fields)) {
      if (!name.endsWith('!')) continue;
      const found = (value as Record<string, unknown>)[name.slice(0, -1)];
      if (found === undefined || found === null)
        throw wrong(`${field}.${name.slice(0, -1)}`.replace(/^\./, ''), 'there');
    }
  };

const annotations: Check = (value, field) => {
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(field, 'a table');
};

const EDITS = table({
  env: list(matching(/^[^=]+=/, 'NAME=VALUE')),
  deviceNodes: list(
    table({
      'path!': absolute,
      hostPath: absolute,
      type: matching(/^[bcup]?$/, 'one of b, c, u and p'),
      major: number,
      minor: number,
      fileMode: number,
      permissions: matching(/^[rwm]*$/, 'made of r, w and m'),
      uid: number,
      gid: number,
    }),
  ),
  netDevices: list(table({ 'hostInterfaceName!': text, 'name!': text })),
  hooks: list(
    table({
      'hookName!': matching(
        /^(prestart|createRuntime|createContainer|startContainer|poststart|poststop)$/,
        'a hook of the runtime specification',
      ),
      'path!': absolute,
      args: list(anyText),
      env: list(matching(/^[^=]+=/, 'NAME=VALUE')),
      timeout: number,
    }),
  ),
  mounts: list(table({ 'hostPath!': text, 'containerPath!': absolute, type: anyText, options: list(text) })),
  intelRdt: table({
    closID: anyText,
    l3CacheSchema: anyText,
    memBwSchema: anyText,
    schemata: list(text),
    enableMonitoring: truth,
    enableCMT: truth,
    enableMBM: truth,
  }),
  additionalGids: list(number),
});

const FILE = table({
  'cdiVersion!': matching(/^v?(0\.[3-8]\.0|1\.[01]\.0)$/, 'a version from 0.3.0 to 1.1.0'),
  'kind!': when((value) => typeof value === 'string' && isKind(value), 'a kind such as vendor.com/class'),
  annotations,
  'devices!': list(
    table({
      'name!': when((value) => typeof value === 'string' && isDeviceName(value), 'a name of a device'),
      annotations,
      'containerEdits!': EDITS,
    }),
  ),
  containerEdits: EDITS,
});

/** Throws `invalid` with the field at fault: a field that is not known is one. */
export function checkSpecification(value: unknown): CdiSpecification {
  FILE(value, '');
  const specification = value as CdiSpecification;
  const names = specification.devices.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (names.length === 0) throw wrong('devices', 'filled');
  if (twice !== undefined) throw new Fault('invalid', `device ${twice} is there twice`, { field: 'devices' });
  return specification;
}
