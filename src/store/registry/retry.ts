import { setTimeout as sleep } from 'node:timers/promises';
import { Fault, isFault } from '#base/fault.ts';
import type { Interceptor, Reply } from './exchange.ts';

export interface RetryPolicy {
  /** Tries in all, the first one included. */
  attempts: number;
  /** Length of the first pause in milliseconds; each further one is up to twice as long. */
  firstPauseMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, firstPauseMs: 250 };
const LONGEST_PAUSE_MS = 10_000;
const LONGEST_ASKED_PAUSE_MS = 60_000;
export const WORTH_A_RETRY: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Repeats requests that failed for a passing reason; the last reply or error is passed on. */
export function retry(policy: RetryPolicy): Interceptor {
  return (next) => async (request) => {
    if (request.once === true) return next(request);
    for (let attempt = 1; ; attempt++) {
      let asked: number | undefined;
      try {
        const reply = await next(request);
        if (!WORTH_A_RETRY.has(reply.status) || attempt >= policy.attempts) return reply;
        asked = retryAfterMs(reply);
        await reply.discard();
      } catch (error) {
        if (!isFault(error, 'unavailable') || attempt >= policy.attempts || isDistrust(error)) throw error;
      }
      await pause(policy, attempt, asked, request.signal);
    }
  };
}

/** A certificate that is not trusted now will not be so in a second. The codes are OpenSSL's verification results. */
export function isDistrust(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (/CERT|UNABLE_TO_VERIFY|SELF_SIGNED/.test(String((at as NodeJS.ErrnoException).code ?? ''))) return true;
  }
  return false;
}

/** Waits before try `attempt + 1`: exponential with jitter, or as long as the server asked for. Throws `cancelled`. */
export async function pause(
  policy: RetryPolicy,
  attempt: number,
  askedMs: number | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const longest = Math.min(policy.firstPauseMs * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  const own = longest / 2 + (Math.random() * longest) / 2;
  const duration = askedMs === undefined ? own : Math.min(Math.max(askedMs, own), LONGEST_ASKED_PAUSE_MS);
  try {
    await sleep(duration, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw new Fault('cancelled', 'wait before another try', { cause });
  }
}

/** `Retry-After` (RFC 9110, 10.2.3): seconds or a date. */
export function retryAfterMs(reply: Reply): number | undefined {
  const text = reply.headers.get('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  const delay = /^[0-9]+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(delay) ? Math.max(0, delay) : undefined;
}
