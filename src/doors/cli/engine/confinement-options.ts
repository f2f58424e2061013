import { isAbsolute } from 'node:path';
import { Fault } from '#base/fault.ts';
import { parseBytes } from '#base/units.ts';
import type { ConfinementWish, DeviceWish, TmpfsMount } from '#engine/container/confinement.ts';
import { RLIMITS } from '#kernel/rlimits.ts';
import type { DeviceRule, Rlimit } from '#runtime/spec/spec.ts';
import type { Flags, FlagTable } from '#doors/cli/flags.ts';
import { gpuDevices, isCdiDevice } from '#engine/cdi/names.ts';
import { BLOCK_FLAGS, blockIo } from './block-options.ts';
import { USERNS_FLAGS, usernsWish } from './userns-option.ts';
import { securityWish } from './security-options.ts';

/** Flags of `run` and `create` about what a container may touch and how it is held. */
export const CONFINEMENT_FLAGS: FlagTable = {
  ...BLOCK_FLAGS,
  annotation: { kind: 'list', value: 'NAME=VALUE', does: 'Add an annotation to its specification' },
  'cgroup-parent': { kind: 'text', value: 'PATH', does: 'Control group that its own lies below (/sampan)' },
  cgroupns: { kind: 'text', value: 'MODE', does: 'Control group namespace: private (the default) or host' },
  device: {
    kind: 'list',
    value: 'HOST[:INSIDE[:rwm]]',
    does: 'Give it a device node, all below a directory, or by CDI vendor.com/class=name',
  },
  'device-cgroup-rule': { kind: 'list', value: 'RULE', does: "Allow more devices, such as 'c 1:3 rwm'" },
  domainname: { kind: 'text', value: 'NAME', does: 'NIS domain name' },
  gpus: { kind: 'text', value: 'GPUS', does: 'GPUs by CDI: all, a number, or "device=0,1"' },
  'group-add': { kind: 'list', value: 'GROUP', does: 'Further groups, by name or number' },
  ipc: {
    kind: 'text',
    value: 'MODE',
    does: 'IPC namespace: private (the default), shareable, container:NAME, host or none',
  },
  isolation: { kind: 'text', value: 'KIND', does: 'Only default: the others are of Windows' },
  'oom-score-adj': { kind: 'text', value: 'NUMBER', does: 'How readily it is killed for memory, -1000 to 1000' },
  pid: { kind: 'text', value: 'MODE', does: 'Process namespace: host or container:NAME' },
  runtime: { kind: 'text', value: 'NAME', does: 'Only sampan: there is no other' },
  'security-opt': {
    kind: 'list',
    value: 'OPTION',
    does: 'seccomp=FILE|unconfined|builtin, no-new-privileges, apparmor=PROFILE, systempaths=unconfined, mask=PATHS, unmask=PATHS|ALL, writable-cgroups',
  },
  'shm-size': { kind: 'text', value: 'BYTES', does: 'Size of /dev/shm (64m)' },
  sysctl: { kind: 'list', value: 'NAME=VALUE', does: 'Set kernel parameters of its namespaces' },
  tmpfs: { kind: 'list', value: 'DIR[:OPTIONS]', does: 'Mount a tmpfs' },
  ...USERNS_FLAGS,
  ulimit: { kind: 'list', value: 'NAME=SOFT[:HARD]', does: 'Set limits of processes, such as nofile=1024:2048' },
  uts: { kind: 'text', value: 'MODE', does: 'Host name namespace: private (the default), host or container:NAME' },
};

const bad = (field: string, text: string, why: string): Fault =>
  new Fault('invalid', `read ${field}: "${text}" ${why}`, { field });

/** An object with those of the fields that have a value. */
function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** Undefined for an empty list. */
const some = <T>(list: T[]): T[] | undefined => (list.length === 0 ? undefined : list);

/** Undefined for an empty list. */
function each<T>(flags: Flags, name: string, read: (text: string, field: string) => T): T[] | undefined {
  const texts = flags.list(name);
  return texts.length === 0 ? undefined : texts.map((text) => read(text, `--${name}`));
}

export function confinementWish(flags: Flags): ConfinementWish {
  const text = (name: string): string | undefined => flags.text(name) || undefined;
  const utsMode = mode(text('uts'), '--uts', /^(private|host|container:.+)$/);
  if (utsMode !== undefined && utsMode !== 'private' && text('hostname') !== undefined) {
    throw new Fault('invalid', 'read --hostname: with --uts the host name is that of another', { field: '--hostname' });
  }
  const shm = text('shm-size');
  const devices = flags.list('device');
  checkKinds(text('runtime'), text('isolation'));
  return present<ConfinementWish>({
    tmpfs: each(flags, 'tmpfs', readTmpfs),
    devices: some(devices.filter((device) => !isCdiDevice(device)).map((device) => readDevice(device, '--device'))),
    cdiDevices: some([...devices.filter(isCdiDevice), ...flags.list('gpus').flatMap(gpuDevices)]),
    deviceRules: each(flags, 'device-cgroup-rule', readRule),
    ulimits: each(flags, 'ulimit', readUlimit),
    sysctls: pairs(flags, 'sysctl'),
    shmSize: shm === undefined ? undefined : parseBytes(shm, '--shm-size') || undefined,
    pidMode: mode(text('pid'), '--pid', /^(private|host|container:.+)$/),
    ipcMode: mode(text('ipc'), '--ipc', /^(private|shareable|host|none|container:.+)$/),
    utsMode,
    cgroupParent: cgroupParent(text('cgroup-parent')),
    annotations: pairs(flags, 'annotation'),
    cgroupnsMode: mode(text('cgroupns'), '--cgroupns', /^(private|host)$/),
    usernsWish: usernsWish(flags),
    domainname: text('domainname'),
    groupAdd: each(flags, 'group-add', (group) => group),
    oomScoreAdj: oomScore(text('oom-score-adj')),
    security: securityWish(flags.list('security-opt')),
    blockIo: blockIo(flags),
  });
}

function mode(text: string | undefined, field: string, allowed: RegExp): string | undefined {
  if (text === undefined || allowed.test(text)) return text;
  throw bad(field, text, 'is not a mode that there is');
}

function readTmpfs(text: string, field: string): TmpfsMount {
  const [destination = '', ...rest] = text.split(':');
  if (!isAbsolute(destination) || destination === '/') throw bad(field, text, 'does not begin with a directory');
  return { destination, options: rest.join(':').split(',').filter(Boolean) };
}

function readDevice(text: string, field: string): DeviceWish {
  const [source = '', ...rest] = text.split(':');
  const access = rest.length > 0 && /^[rwm]+$/.test(rest.at(-1) ?? '') ? rest.pop() : 'rwm';
  const [destination = source, ...more] = rest;
  if (more.length > 0 || !isAbsolute(source) || !isAbsolute(destination)) {
    throw bad(field, text, 'is not HOST[:INSIDE[:rwm]] with absolute paths');
  }
  return { source, destination, access: access ?? 'rwm' };
}

function readRule(text: string, field: string): DeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  if (match === null) throw bad(field, text, "is no rule such as 'c 1:3 rwm'");
  const [, type, major, minor, access = 'rwm'] = match;
  return {
    allow: true,
    type: type as 'a' | 'c' | 'b',
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  };
}

function readUlimit(text: string, field: string): Rlimit {
  const match = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text);
  const type = `RLIMIT_${match?.[1]?.toUpperCase() ?? ''}`;
  if (match === null || RLIMITS[type] === undefined) throw bad(field, text, 'is no limit such as nofile=1024:2048');
  const amount = (number: string): number => (number === '-1' ? 2 ** 64 : Number(number));
  const soft = amount(match[2] ?? '');
  const hard = match[3] === undefined ? soft : amount(match[3]);
  if (Math.max(soft, hard) > 2 ** 64) throw bad(field, text, 'is more than there can be');
  if (soft > hard) throw bad(field, text, 'has a soft limit above the hard one');
  return { type, soft, hard };
}

/** `NAME=VALUE` by their names. */
function pairs(flags: Flags, name: string): Record<string, string> | undefined {
  const found = each(flags, name, (text, field): [string, string] => {
    const equals = text.indexOf('=');
    if (equals <= 0) throw bad(field, text, 'is not NAME=VALUE');
    return [text.slice(0, equals), text.slice(equals + 1)];
  });
  return found === undefined ? undefined : Object.fromEntries(found);
}

/** As docker's driver `cgroupfs` reads it: below the root of every hierarchy, with or without a slash in front. */
function cgroupParent(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..')) throw bad('--cgroup-parent', text, 'is no control group');
  return `/${parts.join('/')}`;
}

/** Docker's programs ask for these by habit. */
function checkKinds(runtime: string | undefined, isolation: string | undefined): void {
  if (runtime !== undefined && runtime !== 'sampan') {
    throw new Fault('unsupported', `read --runtime: there is no runtime "${runtime}" beside sampan`, {
      field: '--runtime',
      hint: 'Leave the option away.',
    });
  }
  if (isolation !== undefined && isolation !== 'default')
    throw new Fault('unsupported', `read --isolation: "${isolation}" is of Windows`, { field: '--isolation' });
}

function oomScore(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^-?\d+$/.test(text) && number >= -1000 && number <= 1000) return number;
  throw bad('--oom-score-adj', text, 'is no whole number from -1000 to 1000');
}
