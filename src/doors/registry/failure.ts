import { isFault, sentence, type FaultKind } from '#base/fault.ts';
import type { RefusalCode } from '#engine/hosting/hosting.ts';

/** The one table from the specification's codes to this door's statuses. */
const STATUS: Record<RefusalCode, number> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
};
/** Faults that are no refusals: of the disk, or of ours. */
const OTHER: Partial<Record<FaultKind, number>> = { exhausted: 507, unavailable: 503 };
const FULL = /^(?:ENOSPC|EDQUOT|SQLITE_FULL)$/;

export interface Failure {
  status: number;
  code: string;
  message: string;
}

/** What a client is told. Of faults that are none of its doing, nothing but that there is one. */
export function failureOf(error: unknown): Failure {
  const code = isFault(error) ? error.facts['code'] : undefined;
  if (isFault(error) && typeof code === 'string' && code in STATUS) {
    const { status } = error.facts;
    return {
      status: typeof status === 'number' ? status : STATUS[code as RefusalCode],
      code,
      message: sentence(error),
    };
  }
  const { code: errno } = (error ?? {}) as { code?: unknown };
  const full = typeof errno === 'string' && FULL.test(errno);
  const status = full ? 507 : ((isFault(error) ? OTHER[error.kind] : undefined) ?? 500);
  return {
    status,
    code: 'UNKNOWN',
    message: status === 507 ? 'the registry has no space left' : 'the registry failed',
  };
}
