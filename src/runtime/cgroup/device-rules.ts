import type { Device, DeviceRule } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

/** What every container may do: make any node, and use the harmless devices and its own terminals. */
const ALWAYS: readonly DeviceRule[] = [
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  { allow: true, type: 'c', major: 1, minor: 3 }, // null
  { allow: true, type: 'c', major: 1, minor: 5 }, // zero
  { allow: true, type: 'c', major: 1, minor: 7 }, // full
  { allow: true, type: 'c', major: 1, minor: 8 }, // random
  { allow: true, type: 'c', major: 1, minor: 9 }, // urandom
  { allow: true, type: 'c', major: 5, minor: 0 }, // tty
  { allow: true, type: 'c', major: 5, minor: 2 }, // ptmx
  { allow: true, type: 'c', major: 136 }, // terminals of devpts
];
const DEFAULT = 'default device rules';
const ALWAYS_FROM_DEFAULT = ALWAYS.map((rule) => ({ rule, origin: DEFAULT }));

/** Which devices a container may use: the last rule that covers an access decides it, `allowOthers` what none covers. */
export interface DeviceRules {
  allowOthers: boolean;
  /** Where `allowOthers` comes from. */
  origin: string;
  rules: { rule: DeviceRule; origin: string }[];
}

/**
 * The rules of a configuration (linux.resources.devices) and those of every container. The nodes of `devices` are for
 * use, so they may be used. A rule for all devices takes the place of everything before it; without one, what no rule
 * covers is denied.
 */
export function deviceRules(configured: readonly DeviceRule[], devices: readonly Device[] = []): DeviceRules {
  const last = configured.findLastIndex((rule) => isForAll(rule) && accessOf(rule) === 'rwm');
  const allowOthers = configured[last]?.allow ?? false;
  const origin = (index: number): string => `linux.resources.devices[${index}]`;
  const rules = configured.slice(last + 1).map((rule, index) => ({ rule, origin: origin(last + 1 + index) }));
  if (!allowOthers) rules.push(...ALWAYS_FROM_DEFAULT, ...useOf(devices).map((rule) => ({ rule, origin: DEFAULT })));
  return { allowOthers, origin: last < 0 ? DEFAULT : origin(last), rules };
}

/** Whether there is any access that the rules do not allow. */
export function deniesSomething({ allowOthers, rules }: DeviceRules): boolean {
  return !allowOthers || rules.some(({ rule }) => !rule.allow);
}

const ALL_ACCESSES = 'rwm';

/** The accesses of a rule, each once, in the order r, w, m; left out or empty means all of them. */
export function accessOf({ access }: DeviceRule): string {
  if (!access || access === ALL_ACCESSES) return ALL_ACCESSES;
  return ALL_ACCESSES.replace(/./g, (letter) => (access.includes(letter) ? letter : ''));
}

/** The number a rule is about; undefined for any. */
export function deviceNumber(number: number | undefined | null): number | undefined {
  return number === undefined || number === null || number < 0 ? undefined : number;
}

/**
 * Writes to devices.allow and devices.deny of version 1. The group starts as a copy of its parent, which may allow
 * everything, so the first line says how it is with what no rule covers.
 */
export function deviceRulesV1({ allowOthers, origin, rules }: DeviceRules): Limit[] {
  const line = (allow: boolean, value: string, from: string): Limit => {
    return { controller: 'devices', file: allow ? 'devices.allow' : 'devices.deny', value, origin: from };
  };
  const lines = [line(allowOthers, 'a', origin)];
  for (const { rule, origin: from } of rules) {
    for (const value of ruleTexts(rule)) lines.push(line(rule.allow, value, from));
  }
  return lines;
}

function useOf(devices: readonly Device[]): DeviceRule[] {
  return devices
    .filter((device) => device.type !== 'p')
    .map(({ type, major = 0, minor = 0 }) => ({ allow: true, type: type === 'b' ? 'b' : 'c', major, minor }));
}

function isForAll({ type, major, minor }: DeviceRule): boolean {
  return (!type || type === 'a') && deviceNumber(major) === undefined && deviceNumber(minor) === undefined;
}

/** The kernel takes any line of type `a` for every access to every device, so such a rule becomes one per type. */
function ruleTexts(rule: DeviceRule): string[] {
  const types = !rule.type || rule.type === 'a' ? ['c', 'b'] : [rule.type];
  const number = (value: number | undefined): string => String(deviceNumber(value) ?? '*');
  return types.map((type) => `${type} ${number(rule.major)}:${number(rule.minor)} ${accessOf(rule)}`);
}
