import { constants } from 'node:os';
import { Fault, type FaultKind } from '#base/fault.ts';
import type { ReportRecord } from './report.ts';
import type { Ended } from './spawn.ts';

/** How a call of the launcher ended and everything it reported. */
export interface LaunchResult extends Ended {
  records: ReportRecord[];
}

/** `ENOENT` for 2; `errno 999` for a number the system does not name. */
export function errnoName(number: number): string {
  const found = Object.entries(constants.errno).find((entry) => entry[1] === number);
  return found?.[0] ?? `errno ${number}`;
}

const KINDS: Record<string, FaultKind> = {
  ENOENT: 'notFound',
  ENOTDIR: 'invalid',
  ELOOP: 'invalid',
  EXDEV: 'invalid',
  EFBIG: 'invalid',
  EEXIST: 'alreadyExists',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOSPC: 'exhausted',
  EDQUOT: 'exhausted',
  ENOMEM: 'exhausted',
  EMFILE: 'exhausted',
  EBUSY: 'conflict',
  EINVAL: 'invalid',
  ENOSYS: 'unsupported',
  EOPNOTSUPP: 'unsupported',
};

/** The same by name, as Node's errors carry it in `code`. */
export function errnoNameKind(name: string): FaultKind {
  return KINDS[name] ?? 'internal';
}

/** The kind that an errno means when nothing more is known. */
export function errnoKind(number: number): FaultKind {
  return KINDS[errnoName(number)] ?? 'internal';
}

/** The fault of a launcher call that did not end well; facts: errno, path, step (when the launcher said so). */
export function failureFault(doing: string, result: LaunchResult): Fault {
  const failure = result.records.find((record) => record.kind === 'fail');
  if (failure === undefined) {
    const how = result.signal === null ? `exit status ${result.code}` : `signal ${result.signal}`;
    return new Fault('internal', `${doing}: the launcher ended with ${how} and no report`);
  }
  const name = errnoName(failure.value);
  const path = failure.path === '' ? '' : ` ${failure.path}`;
  return new Fault(errnoKind(failure.value), `${doing}:${path} ${name}`.replace('  ', ' '), {
    facts: { errno: name, path: failure.path, ...(failure.step === undefined ? {} : { step: failure.step }) },
  });
}
