import { Fault } from '#base/fault.ts';
import { RLIMITS } from '#kernel/rlimits.ts';
import { absolutePath, count, filledText, flag, id, integer, list, shape, text, type Check } from './check.ts';
import { execCPUAffinity, ioPriority, scheduler } from './check-policy.ts';
import type { Process } from './spec.ts';

const variable: Check = (value, field) => {
  text(value, field);
  if (!(value as string).includes('=')) throw new Fault('invalid', `${field} must be NAME=VALUE`, { field });
};

const rlimit: Check = (value, field) => {
  shape({ required: { type: text, soft: count, hard: count } })(value, field);
  const { type, soft, hard } = value as { type: string; soft: number; hard: number };
  if (RLIMITS[type] === undefined) {
    throw new Fault('invalid', `${field}.type: "${type}" is no resource limit`, { field: `${field}.type` });
  }
  if (soft > hard) throw new Fault('invalid', `${field}.soft is above ${field}.hard`, { field: `${field}.soft` });
};

const names = list(text);

const checkProcessShape: Check = shape({
  required: {
    args: list(text, 1),
    cwd: absolutePath,
  },
  optional: {
    terminal: flag,
    consoleSize: shape({ required: { height: integer(0, 65535), width: integer(0, 65535) } }),
    user: shape({
      optional: { uid: id, gid: id, umask: integer(0, 0o777), additionalGids: list(id), username: text },
    }),
    env: list(variable),
    capabilities: shape({
      optional: { bounding: names, effective: names, inheritable: names, permitted: names, ambient: names },
    }),
    rlimits: list(rlimit),
    noNewPrivileges: flag,
    oomScoreAdj: integer(-1000, 1000),
    scheduler,
    ioPriority,
    execCPUAffinity,
    apparmorProfile: text,
    selinuxLabel: text,
  },
});

/** The `process` of config.json or of `exec --process`. Throws `invalid` or `unsupported` with the field. */
export function checkProcess(value: unknown, field = 'process'): Process {
  checkProcessShape(value, field);
  const process = value as Process;
  filledText(process.args[0], `${field}.args[0]`);
  const seen = new Set<string>();
  for (const [index, limit] of (process.rlimits ?? []).entries()) {
    if (seen.has(limit.type)) {
      throw new Fault('invalid', `${field}.rlimits names ${limit.type} twice`, { field: `${field}.rlimits[${index}]` });
    }
    seen.add(limit.type);
  }
  // Go's encoder leaves the user out when it is all zero.
  return process.user === undefined || process.user.uid === undefined || process.user.gid === undefined
    ? { ...process, user: { ...process.user, uid: process.user?.uid ?? 0, gid: process.user?.gid ?? 0 } }
    : process;
}
