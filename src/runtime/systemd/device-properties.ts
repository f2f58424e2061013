import { accessOf, deviceNumber, type DeviceRules } from '#runtime/cgroup/device-rules.ts';
import type { DeviceRule } from '#runtime/spec/spec.ts';
import { text, type Property } from './properties.ts';

/**
 * What systemd is told of devices. It can only allow, one after the other; rules that take something back are held by our own
 * means alone, beside a unit that is open to systemd.
 */
export function deviceProperties({ allowOthers, rules }: DeviceRules): Property[] {
  if (allowOthers || rules.some(({ rule }) => !rule.allow)) return [text('DevicePolicy', 'auto')];
  const allowed = rules.flatMap(({ rule }) => entries(rule));
  return [text('DevicePolicy', 'strict'), ['DeviceAllow', { signature: 'a(ss)', value: allowed }]];
}

function entries(rule: DeviceRule): string[][] {
  const kinds = rule.type === 'c' ? ['char'] : rule.type === 'b' ? ['block'] : ['char', 'block'];
  const [major, minor] = [deviceNumber(rule.major), deviceNumber(rule.minor)];
  const name = (kind: string): string => {
    if (major === undefined) return `${kind}-*`;
    return minor === undefined ? `${kind}-${major}` : `/dev/${kind}/${major}:${minor}`;
  };
  return kinds.map((kind) => [name(kind), accessOf(rule)]);
}
