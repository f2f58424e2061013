import { Fault } from '#base/fault.ts';

/** Ends a request that makes no progress, and tells that from a caller's cancellation and from a broken connection. */
export interface ProgressWatch {
  readonly signal: AbortSignal;
  /** Something has come: the time starts anew. Nothing after `stop`, since an upload may read on for a moment. */
  touch(): void;
  /** We are the slow side now: no time runs. */
  pause(): void;
  stop(): void;
  /** The fault for an error of the request. */
  explain(error: unknown): Fault;
}

export function watchProgress(idleMs: number, caller: AbortSignal | undefined, doing: string): ProgressWatch {
  const controller = new AbortController();
  let idle = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const pause = (): void => clearTimeout(timer);
  const touch = (): void => {
    pause();
    if (stopped) return;
    timer = setTimeout(() => {
      idle = true;
      controller.abort();
    }, idleMs);
  };
  const cancel = (): void => controller.abort();
  caller?.addEventListener('abort', cancel, { once: true });
  if (caller?.aborted === true) cancel();
  const stop = (): void => {
    stopped = true;
    pause();
    caller?.removeEventListener('abort', cancel);
  };
  touch();
  return {
    signal: controller.signal,
    touch,
    pause,
    stop,
    explain: (error) => {
      stop();
      if (error instanceof Fault) return error;
      if (caller?.aborted === true) return new Fault('cancelled', doing, { cause: caller.reason });
      if (idle) return new Fault('unavailable', `${doing}: no progress for ${idleMs / 1000} s`);
      return new Fault('unavailable', doing, { cause: error });
    },
  };
}
