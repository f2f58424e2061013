import type { FaultKind } from '#base/fault.ts';
import type { Step } from '#kernel/plan.ts';
import type { Explanation } from './exec-failure.ts';

/** The last parts of D-Bus error names. */
const KINDS: Readonly<Record<string, FaultKind>> = {
  UnitExists: 'alreadyExists',
  NoSuchUnit: 'notFound',
  AccessDenied: 'denied',
  InteractiveAuthorizationRequired: 'denied',
  InvalidArgs: 'invalid',
  PropertyReadOnly: 'invalid',
};
const HINTS: Partial<Record<FaultKind, string>> = {
  alreadyExists:
    'Another container, or what one has left, is in a unit of this name: choose another in cgroupsPath, or stop it.',
  denied: "The machine's systemd takes such calls from root; an ordinary user's go to their own (systemd --user).",
};

/** What systemd answered, or that it did not; undefined for other steps. */
export function explainSystemd(step: Step, errno: string, detail: string): Explanation | undefined {
  if (step.op === 'busConnect') return explainConnect(step.path, errno);
  if (step.op !== 'busCall') return undefined;
  const origin = step.origin ?? 'systemd';
  if (errno === 'ECANCELED')
    return { kind: 'conflict', sentence: `${origin}: systemd's job on the unit ended as "${detail}"` };
  if (errno === 'ETIMEDOUT') return { kind: 'unavailable', sentence: `${origin}: systemd does not answer` };
  if (errno !== 'ECONNREFUSED') return undefined;
  const name = detail.slice(0, detail.indexOf(':'));
  const kind = KINDS[name.slice(name.lastIndexOf('.') + 1)] ?? 'internal';
  const hint = HINTS[kind];
  return { kind, sentence: `${origin}: systemd refuses it: ${detail}`, ...(hint === undefined ? {} : { hint }) };
}

function explainConnect(path: string, errno: string): Explanation {
  return {
    kind: errno === 'EACCES' ? 'denied' : 'unavailable',
    sentence: `--systemd-cgroup: systemd cannot be reached at ${path} (${errno})`,
    hint: 'Is it process 1 here? An ordinary user needs systemd --user, and XDG_RUNTIME_DIR. Without --systemd-cgroup none is needed.',
  };
}
