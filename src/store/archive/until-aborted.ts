import { Fault } from '#base/fault.ts';

/**
 * Passes a stream on; throws `cancelled` as soon as the signal is aborted, whatever the stream is waiting for. No
 * promise here outlives its chunk: one that all reads were raced with would keep every chunk in memory.
 */
export async function* untilAborted(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let refuse: (fault: Fault) => void = () => undefined;
  const abort = (): void => refuse(cancelled(signal));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      if (signal?.aborted === true) throw cancelled(signal);
      const next = await new Promise<IteratorResult<Uint8Array, unknown>>((resolve, reject) => {
        refuse = reject;
        iterator.next().then(resolve, reject);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    // Not waited for: a read that is pending may never end.
    iterator.return?.().catch(() => undefined);
  }
}

function cancelled(signal: AbortSignal | undefined): Fault {
  return new Fault('cancelled', 'read the archive', { cause: signal?.reason });
}
