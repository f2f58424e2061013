import { Fault } from '#base/fault.ts';
import { errnoName } from '#kernel/failure.ts';
import type { Plan } from '#kernel/plan.ts';
import type { ReportRecord } from '#kernel/report.ts';
import { explainFailure } from '#runtime/explain/failure.ts';
import { JOURNAL_SOCKET } from '#engine/log/target.ts';
import type { ContainerRecord } from './record.ts';

/** The fault that a failed start means; undefined is a monitor that ended without a report. */
export function startFault(record: ContainerRecord, plan: Plan, failure: ReportRecord | undefined): Fault {
  const doing = `start container ${record.name}`;
  if (failure === undefined) return new Fault('internal', `${doing}: the monitor went away without a word`);
  if (failure.step === undefined) {
    const errno = errnoName(failure.value);
    if (failure.path === JOURNAL_SOCKET) {
      return new Fault('unavailable', `${doing}: the journal cannot be reached: ${failure.path} ${errno}`, {
        facts: { errno },
        field: '--log-driver',
        hint: 'Start systemd-journald, or make the container with another --log-driver.',
      });
    }
    return new Fault('conflict', `${doing}: its monitor could not start: ${failure.path} ${errno}`, {
      facts: { errno },
    });
  }
  const cause = explainFailure(failure, plan);
  return new Fault(cause.kind, doing, {
    cause,
    facts: cause.facts,
    ...(cause.field === undefined ? {} : { field: cause.field }),
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
  });
}

export function warningText(warning: ReportRecord, plan: Plan): string {
  return explainFailure(warning, plan).message;
}
