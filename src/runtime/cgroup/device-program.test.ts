import { describe, expect, test } from 'bun:test';
import type { DeviceRule } from '#runtime/spec/spec.ts';
import { deviceProgram } from './device-program.ts';
import { deviceRules, type DeviceRules } from './device-rules.ts';
import { runDeviceProgram, type DeviceAccess } from './ebpf-machine.fixture.ts';

/** What a rule says about one letter of an access; undefined when it is not about it. */
function verdict(rule: DeviceRule, letter: string, { type, major, minor }: DeviceAccess): boolean | undefined {
  const any = (wanted: number | undefined): boolean => wanted === undefined || wanted < 0;
  if (rule.type !== undefined && rule.type !== 'a' && rule.type !== type) return undefined;
  if (!any(rule.major) && rule.major !== major) return undefined;
  if (!any(rule.minor) && rule.minor !== minor) return undefined;
  return (rule.access || 'rwm').includes(letter) ? rule.allow : undefined;
}

/** The rules read as they are written: per letter the last rule about it, all letters together. */
function allowed({ allowOthers, rules }: DeviceRules, access: DeviceAccess): boolean {
  return access.access.split('').every((letter) => {
    const verdicts = rules.map(({ rule }) => verdict(rule, letter, access));
    return verdicts.findLast((one) => one !== undefined) ?? allowOthers;
  });
}

/** A repeatable source of numbers below `limit` (mulberry32). */
function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const ACCESSES = ['r', 'w', 'm', 'rw', 'rm', 'wm', 'rwm', ''];
const NUMBERS = [0, 1, 3, 5, 8, 136, 0xfffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

function randomRule(roll: (limit: number) => number): DeviceRule {
  const number = (): number | undefined => [undefined, -1, ...NUMBERS][roll(NUMBERS.length + 2)];
  const type = (['a', 'b', 'c', undefined] as const)[roll(4)];
  const access = [...ACCESSES, undefined][roll(ACCESSES.length + 1)];
  const [major, minor] = [number(), number()];
  return {
    allow: roll(2) === 1,
    ...(type === undefined ? {} : { type }),
    ...(major === undefined ? {} : { major }),
    ...(minor === undefined ? {} : { minor }),
    ...(access === undefined ? {} : { access }),
  };
}

function randomAccess(roll: (limit: number) => number): DeviceAccess {
  const number = (): number => NUMBERS[roll(NUMBERS.length)] ?? 0;
  const type = roll(2) === 1 ? 'b' : 'c';
  return { type, major: number(), minor: number(), access: ACCESSES[roll(ACCESSES.length)] ?? '' };
}

const decides = (rules: DeviceRules, access: DeviceAccess): boolean => {
  const program = deviceProgram(rules);
  return program === undefined || runDeviceProgram(program, access);
};

test('a program decides as its rules do', () => {
  const roll = dice(20261124);
  const seen = { true: 0, false: 0 };
  for (let round = 0; round < 400; round++) {
    const rules = deviceRules(Array.from({ length: roll(8) }, () => randomRule(roll)));
    for (let asked = 0; asked < 50; asked++) {
      const access = randomAccess(roll);
      const wanted = allowed(rules, access);
      if (decides(rules, access) !== wanted) throw new Error(JSON.stringify({ rules, access, wanted }));
      seen[`${wanted}`]++;
    }
  }
  expect(Math.min(seen.true, seen.false)).toBeGreaterThan(4000);
});

describe('a container of the default configuration', () => {
  const rules = deviceRules([{ allow: false, access: 'rwm' }]);
  const may = (type: 'b' | 'c', major: number, minor: number, access: string): boolean =>
    decides(rules, { type, major, minor, access });

  test('uses the harmless devices and its terminals', () => {
    expect([may('c', 1, 3, 'rw'), may('c', 1, 9, 'r'), may('c', 5, 2, 'rwm'), may('c', 136, 77, 'rw')]).toEqual(
      Array(4).fill(true),
    );
  });

  test('makes any node and opens none of them', () => {
    expect([may('b', 8, 0, 'm'), may('c', 10, 229, 'm')]).toEqual([true, true]);
    expect([may('b', 8, 0, 'r'), may('b', 8, 0, 'w'), may('b', 1, 3, 'r'), may('c', 1, 1, 'r')]).toEqual(
      Array(4).fill(false),
    );
  });

  test('is refused several accesses at once when one of them is', () => {
    expect([may('b', 8, 0, 'rm'), may('b', 8, 0, 'rwm')]).toEqual([false, false]);
  });
});

describe('rules', () => {
  const disk: DeviceAccess = { type: 'b', major: 8, minor: 0, access: 'rw' };

  test('add up: what one allows to read and another to write may be opened for both', () => {
    const read: DeviceRule = { allow: true, type: 'b', major: 8, minor: 0, access: 'r' };
    const write: DeviceRule = { allow: true, type: 'b', major: 8, access: 'w' };
    expect(decides(deviceRules([read, write]), disk)).toBe(true);
    expect(decides(deviceRules([read]), disk)).toBe(false);
    expect(decides(deviceRules([read, write, { allow: false, type: 'b', access: 'w' }]), disk)).toBe(false);
  });

  test('that deny nothing need no program; those that deny after everything was allowed do', () => {
    const all: DeviceRule = { allow: true, access: 'rwm' };
    expect(deviceProgram(deviceRules([all]))).toBeUndefined();
    expect(deviceProgram(deviceRules([all, { allow: true, type: 'b' }]))).toBeUndefined();
    const but = deviceRules([all, { allow: false, type: 'b', major: 8, access: 'w' }]);
    expect(decides(but, disk)).toBe(false);
    expect(decides(but, { ...disk, access: 'r' })).toBe(true);
    expect(decides(but, { ...disk, major: 9 })).toBe(true);
  });

  test('let the nodes of the configuration be used', () => {
    const rules = deviceRules([], [{ path: '/dev/sda', type: 'b', major: 8, minor: 0 }]);
    expect([decides(rules, disk), decides(rules, { ...disk, minor: 1 })]).toEqual([true, false]);
  });

  test('for a number that no device can have are refused', () => {
    const rules = deviceRules([{ allow: true, type: 'c', major: 2 ** 32 + 1, minor: 3 }]);
    expect(() => deviceProgram(rules)).toThrow('linux.resources.devices[0].major is larger');
  });
});
