import { describe, expect, test } from 'bun:test';
import { ByteWriter } from '#kernel/byte-writer.ts';
import { USER_ON_HYBRID, USER_ON_V2, V2_HOST } from '#kernel/host-facts.fixture.ts';
import { deviceRules } from '#runtime/cgroup/device-rules.ts';
import { spec } from '#runtime/lower/lowering.fixture.ts';
import { annotatedProperties } from './annotations.ts';
import { findBus, type BusAddress } from './bus.ts';
import { encodeCall } from './dbus-call.ts';
import { PID_HOLE, splitTypes, writeAll, type Marshalled } from './dbus-value.ts';
import { deviceProperties } from './device-properties.ts';
import { systemdPlace } from './place.ts';
import { resourceProperties } from './properties.ts';
import { scopeName, slicePath } from './unit-name.ts';
import { parseVariant } from './variant-text.ts';

const MACHINE: BusAddress = { path: '/run/systemd/private', isPrivate: true, isUser: false };
const OWN: BusAddress = { ...MACHINE, isUser: true };

function bytes(signature: string, ...values: unknown[]): string {
  const to: Marshalled = { out: new ByteWriter(), pidAt: undefined };
  writeAll(to, signature, values);
  return Buffer.from(to.out.take()).toString('hex');
}

describe('D-Bus', () => {
  test('values lie at multiples of their size', () => {
    expect(bytes('yu', 1, 2)).toBe('0100000002000000');
    expect(bytes('yt', 1, 2n)).toBe('01000000000000000200000000000000');
    expect(bytes('s', 'ab')).toBe('02000000616200');
    expect(bytes('g', 'au')).toBe('02617500');
    expect(bytes('d', 1)).toBe('000000000000f03f');
    expect(bytes('nix', -1, -2, -3n)).toBe('ffff0000feffffff' + 'fdffffffffffffff');
  });

  test('the length of an array leaves the padding in front of its first element out', () => {
    expect(bytes('at', [1n])).toBe('08000000000000000100000000000000');
    expect(bytes('a(ss)', [])).toBe('0000000000000000');
    expect(bytes('v', { signature: 'as', value: ['x'] })).toBe('0261730006000000010000007800');
  });

  test('signatures fall apart into complete types', () => {
    expect(splitTypes('ssa(sv)a(sa(sv))')).toEqual(['s', 's', 'a(sv)', 'a(sa(sv))']);
    expect(() => bytes('?', 1)).toThrow('no type "?"');
  });

  test('a call says where its hole for a process id is', () => {
    const call = { serial: 3, destination: 'a.b', path: '/a', interface: 'a.b', member: 'M' };
    const { message, pidAt } = encodeCall({ ...call, signature: 'sau', body: ['x', [PID_HOLE]] });
    expect(message.subarray(0, 4)).toEqual(Uint8Array.from([0x6c, 1, 0, 1]));
    expect(pidAt).toBe(message.length - 4);
    expect(encodeCall(call).pidAt).toBeUndefined();
  });
});

describe('names', () => {
  test('of scopes', () => {
    expect(scopeName(undefined, 'a', false)).toEqual({
      slice: 'system.slice',
      unit: 'sampan-a.scope',
      path: '/system.slice/sampan-a.scope',
    });
    expect(scopeName('::a', 'a', true)).toEqual({ slice: 'user.slice', unit: 'a.scope', path: '/user.slice/a.scope' });
    expect(scopeName('-.slice:p:a', 'a', false).path).toBe('/p-a.scope');
    for (const wrong of [
      '/a/b',
      'a:b',
      'x:p:a',
      'x.slice:p:',
      'x.slice:p:a.slice',
      'x.slice:p:a/b',
      'a--b.slice:p:a',
      '../x.slice:p:a',
    ])
      expect(() => scopeName(wrong, 'a', false)).toThrow('linux.cgroupsPath');
  });

  test('of slices show what they lie in', () => {
    expect(slicePath('a-b-c.slice')).toBe('/a.slice/a-b.slice/a-b-c.slice');
  });
});

describe('properties', () => {
  const of = (resources: object, version: 1 | 2): object =>
    Object.fromEntries(resourceProperties(resources, version).map(([name, { value }]) => [name, value]));

  test('say the limits in systemd’s words', () => {
    const resources = {
      memory: { limit: 100, swap: 150, reservation: 50 },
      cpu: { shares: 1024, quota: 25_000, period: 100_000, cpus: '0-1,9', mems: '0' },
      pids: { limit: -1 },
      unified: { 'memory.high': 'max', 'memory.oom.group': '1' },
    };
    expect(of(resources, 2)).toEqual({
      MemoryMax: 100n,
      MemoryLow: 50n,
      MemorySwapMax: 50n,
      CPUWeight: 100n,
      CPUQuotaPeriodUSec: 100_000n,
      CPUQuotaPerSecUSec: 250_000n,
      AllowedCPUs: [3, 2, 0, 0, 0, 0, 0, 0],
      AllowedMemoryNodes: [1, 0, 0, 0, 0, 0, 0, 0],
      TasksMax: (1n << 64n) - 1n,
      MemoryHigh: (1n << 64n) - 1n,
    });
    expect(of({ memory: { limit: 5 }, cpu: { shares: 7, cpus: '0' } }, 1)).toEqual({ MemoryLimit: 5n, CPUShares: 7n });
  });

  test('a share of a processor is rounded up to whole percents', () => {
    expect(of({ cpu: { quota: 1001, period: 100_000 } }, 2)).toMatchObject({ CPUQuotaPerSecUSec: 20_000n });
    expect(of({ cpu: { quota: -1 } }, 2)).toEqual({ CPUQuotaPerSecUSec: (1n << 64n) - 1n });
  });

  test('devices are told when they are only allowed', () => {
    const strict = deviceProperties(deviceRules([{ allow: false }, { allow: true, type: 'b', major: 8, access: 'r' }]));
    expect(strict[0]).toEqual(['DevicePolicy', { signature: 's', value: 'strict' }]);
    expect(strict[1]?.[1].value).toContainEqual(['block-8', 'r']);
    expect(strict[1]?.[1].value).toContainEqual(['/dev/char/1:3', 'rwm']);
    const taken = deviceRules([{ allow: true }, { allow: false, type: 'c', major: 1, minor: 8 }]);
    expect(deviceProperties(taken)).toEqual([['DevicePolicy', { signature: 's', value: 'auto' }]]);
  });

  test('of annotations', () => {
    const read = (name: string, value: string) =>
      annotatedProperties({ [`org.systemd.property.${name}`]: value, other: 'x' });
    expect(read('TimeoutStopSec', '1.5')).toEqual([['TimeoutStopUSec', { signature: 't', value: 1_500_000n }]]);
    expect(read('CollectMode', "'inactive'")).toEqual([['CollectMode', { signature: 's', value: 'inactive' }]]);
    expect(() => read('x', '1')).toThrow('no name of a property');
    expect(() => read('TimeoutStopSec', "'soon'")).toThrow('number of seconds');
  });
});

test('values in GVariant’s text form', () => {
  const read = (text: string) => parseVariant(text, 'f');
  expect(read('true')).toEqual({ signature: 'b', value: true });
  expect(read(' uint64 18446744073709551615 ')).toEqual({ signature: 't', value: (1n << 64n) - 1n });
  expect(read('-3')).toEqual({ signature: 'i', value: -3n });
  expect(read('2.5')).toEqual({ signature: 'd', value: 2.5 });
  expect(read(String.raw`"a\"b"`)).toEqual({ signature: 's', value: 'a"b' });
  expect(read("['a', 'b']")).toEqual({ signature: 'as', value: ['a', 'b'] });
  expect(read('@as []')).toEqual({ signature: 'as', value: [] });
  expect(read('[byte 1, byte 2]')).toEqual({ signature: 'ay', value: [1n, 2n] });
  for (const wrong of ['', 'x y', '[]', "['a'", "['a', 1]", 'byte 256', 'int32', "'open", '(1, 2)', '1 2', ']'])
    expect(() => read(wrong)).toThrow('f: ');
});

test('the manager of root is the machine’s, of anybody else their own', () => {
  const root = { uid: 0, inUserNamespace: false };
  const user = { uid: 7, inUserNamespace: false };
  const named = {
    DBUS_SYSTEM_BUS_ADDRESS: 'tcp:host=x;unix:path=/a%20b,guid=1',
    DBUS_SESSION_BUS_ADDRESS: 'unix:abstract=c',
  };
  expect(findBus(named, root)).toEqual({ path: '/a b', isPrivate: false, isUser: false });
  expect(findBus(named, user)).toEqual({ path: '@c', isPrivate: false, isUser: true });
  expect(findBus({ XDG_RUNTIME_DIR: '/nowhere' }, user)).toEqual({
    path: '/nowhere/bus',
    isPrivate: false,
    isUser: true,
  });
  expect(findBus(named, { ...root, inUserNamespace: true }).isUser).toBe(true);
});

test('a user’s scopes lie below their manager', () => {
  const path = (facts: typeof V2_HOST) => systemdPlace(spec(), 'a', facts, OWN).path;
  expect(path(USER_ON_V2)).toBe('/user.slice/user-1000.slice/user@1000.service/user.slice/sampan-a.scope');
  const unified = { ...USER_ON_V2.cgroup.unified!, own: '/x/user@1000.service/app.slice/y' };
  const nested = { ...USER_ON_V2, cgroup: { ...USER_ON_V2.cgroup, unified } };
  expect(path(nested)).toBe('/x/user@1000.service/user.slice/sampan-a.scope');
  expect(() => path(USER_ON_HYBRID)).toThrow('version 2 only');
  expect(systemdPlace(spec(), 'a', V2_HOST, MACHINE).directories.map((directory) => directory.path)).toEqual([
    '/sys/fs/cgroup/system.slice/sampan-a.scope',
  ]);
});
