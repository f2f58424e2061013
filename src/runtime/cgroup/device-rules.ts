import type { DeviceRule } from '#runtime/spec/spec.ts';
import type { Limit } from './limit.ts';

/** What every container may do: make any node, and use the harmless devices and its own terminals. */
const ALWAYS = [
  'c *:* m',
  'b *:* m',
  'c 1:3 rwm', // null
  'c 1:5 rwm', // zero
  'c 1:7 rwm', // full
  'c 1:8 rwm', // random
  'c 1:9 rwm', // urandom
  'c 5:0 rwm', // tty
  'c 5:2 rwm', // ptmx
  'c 136:* rwm', // terminals of devpts
];

/**
 * Writes to devices.allow and devices.deny of version 1. The group starts as a copy of its parent, which may allow
 * everything, so the list starts by denying everything unless a rule for all devices comes first.
 */
export function deviceRulesV1(rules: readonly DeviceRule[], extra: readonly string[] = []): Limit[] {
  const limits: Limit[] = [];
  const write = (allow: boolean, value: string, origin: string): void => {
    limits.push({ controller: 'devices', file: allow ? 'devices.allow' : 'devices.deny', value, origin });
  };
  const last = lastRuleForAll(rules);
  const allowAll = rules[last]?.allow ?? false;
  write(allowAll, 'a', last < 0 ? 'default device rules' : `linux.resources.devices[${last}]`);
  for (let index = last + 1; index < rules.length; index++) {
    const rule = rules[index];
    if (rule !== undefined) write(rule.allow, ruleText(rule), `linux.resources.devices[${index}]`);
  }
  if (!allowAll) for (const rule of [...ALWAYS, ...extra]) write(true, rule, 'default device rules');
  return limits;
}

/** Whatever stands before the last rule for all devices has no effect. */
function lastRuleForAll(rules: readonly DeviceRule[]): number {
  return rules.findLastIndex((rule) => isForAll(rule) && (rule.access ?? 'rwm').length === 3);
}

function isForAll({ type, major, minor }: DeviceRule): boolean {
  return (!type || type === 'a') && wildcard(major) === '*' && wildcard(minor) === '*';
}

function ruleText(rule: DeviceRule): string {
  return `${rule.type || 'a'} ${wildcard(rule.major)}:${wildcard(rule.minor)} ${rule.access || 'rwm'}`;
}

function wildcard(number: number | undefined | null): string {
  return number === undefined || number === null || number < 0 ? '*' : String(number);
}
