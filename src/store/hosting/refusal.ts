import { Fault, type FaultKind } from '#base/fault.ts';

/** The distribution specification's codes ("Error Codes") that our registry gives, and what kind of fault each is. */
const KINDS = {
  BLOB_UNKNOWN: 'notFound',
  BLOB_UPLOAD_INVALID: 'invalid',
  BLOB_UPLOAD_UNKNOWN: 'notFound',
  DIGEST_INVALID: 'invalid',
  MANIFEST_BLOB_UNKNOWN: 'notFound',
  MANIFEST_INVALID: 'invalid',
  MANIFEST_UNKNOWN: 'notFound',
  NAME_INVALID: 'invalid',
  NAME_UNKNOWN: 'notFound',
  SIZE_INVALID: 'invalid',
  UNAUTHORIZED: 'denied',
  UNSUPPORTED: 'unsupported',
} as const satisfies Record<string, FaultKind>;

export type RefusalCode = keyof typeof KINDS;

/** Why a request is refused. `status` where it is not the code's usual one. */
export function refusal(code: RefusalCode, message: string, status?: number): Fault {
  return new Fault(KINDS[code], message, { facts: { code, ...(status === undefined ? {} : { status }) } });
}
