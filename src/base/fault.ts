/**
 * The one error taxonomy. Every failure that leaves a layer is a Fault: a kind that doors translate to
 * their own codes, a sentence that says what was being done, the cause, and the facts a caller may act on.
 */
export type FaultKind =
  | 'invalid'
  | 'notFound'
  | 'alreadyExists'
  | 'conflict'
  | 'denied'
  | 'unavailable'
  | 'unsupported'
  | 'corrupt'
  | 'exhausted'
  | 'cancelled'
  | 'internal';

export interface FaultFacts {
  /** What failed underneath; its message is appended when the fault is shown. */
  cause?: unknown;
  /** Field of the input at fault, in the input's own words: `process.user.uid`, `--memory`. */
  field?: string;
  /** What to do next, when that is known. One sentence. */
  hint?: string;
  /** Any further facts: reference, path, step, errno, URL, status. JSON values only. */
  facts?: Record<string, string | number | boolean | null>;
}

export class Fault extends Error {
  override readonly name = 'Fault';
  readonly kind: FaultKind;
  readonly field: string | undefined;
  readonly hint: string | undefined;
  readonly facts: Record<string, string | number | boolean | null>;

  constructor(kind: FaultKind, doing: string, more: FaultFacts = {}) {
    super(doing, more.cause === undefined ? undefined : { cause: more.cause });
    this.kind = kind;
    this.field = more.field;
    this.hint = more.hint;
    this.facts = more.facts ?? {};
  }
}

/** True when `error` is a Fault of one of `kinds` (of any kind when none is named). */
export function isFault(error: unknown, ...kinds: FaultKind[]): error is Fault {
  return error instanceof Fault && (kinds.length === 0 || kinds.includes(error.kind));
}

/** The whole chain as one line, outermost act first: `pull debian:12: fetch manifest: connection refused`. */
export function sentence(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && parts.length < 12;) {
    const text = at instanceof Error ? at.message : String(at);
    if (text !== '' && !(parts.at(-1) ?? '').endsWith(text)) parts.push(text);
    at = at instanceof Error ? at.cause : undefined;
  }
  return parts.join(': ');
}
