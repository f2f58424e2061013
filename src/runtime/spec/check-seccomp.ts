import { Fault } from '#base/fault.ts';
import { ACTIONS } from '#runtime/seccomp/actions.ts';
import { ARCHITECTURE_NAMES } from '#runtime/seccomp/architectures.ts';
import { absolutePath, count, integer, list, oneOf, shape, text, type Check } from './check.ts';
import type { SeccompProfile } from './spec.ts';

const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map((name) => `SCMP_CMP_${name}`);
const action = oneOf(...ACTIONS);
const FIELD = 'linux.seccomp';
const NOTIFY = 'SCMP_ACT_NOTIFY';

const argument = shape({
  required: { index: integer(0, 5), op: oneOf(...OPERATORS) },
  optional: { value: count, valueTwo: count },
});

const rule = shape({
  required: { names: list(text, 1), action },
  optional: { errnoRet: integer(0, 65535), args: list(argument) },
});

const profile = shape({
  required: { defaultAction: action },
  optional: {
    defaultErrnoRet: integer(0, 4095),
    architectures: list(oneOf(...ARCHITECTURE_NAMES)),
    flags: list(text),
    syscalls: list(rule),
    listenerPath: absolutePath,
    listenerMetadata: text,
  },
});

export const seccomp: Check = (value, field) => {
  profile(value, field);
  checkNotify(value as SeccompProfile);
};

/** A listener gets the filter's descriptor by way of write(2), so that one call cannot wait for it. */
function checkNotify({ defaultAction, syscalls, listenerPath }: SeccompProfile): void {
  if (defaultAction === NOTIFY) fail(`${FIELD}.defaultAction`, `${NOTIFY} cannot be the default action`);
  for (const [index, { action: done, names }] of (syscalls ?? []).entries()) {
    if (done !== NOTIFY) continue;
    const field = `${FIELD}.syscalls[${index}]`;
    if (names.includes('write')) fail(field, `${NOTIFY} cannot be used for the write system call`);
    if (!listenerPath) fail(`${FIELD}.listenerPath`, `${NOTIFY} needs a listenerPath: somebody has to answer`);
  }
}

function fail(field: string, why: string): never {
  throw new Fault('invalid', `${field}: ${why}`, { field });
}
