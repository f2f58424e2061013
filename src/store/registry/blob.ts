import { Fault, isFault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import type { Exchange, Reply } from './exchange.ts';
import { pause, type RetryPolicy } from './retry.ts';
import { statusFault } from './status-fault.ts';

export interface BlobRequest {
  exchange: Exchange;
  url: URL;
  digest: Digest;
  /** Bytes, as the manifest declares them. */
  size: number;
  /** The first byte that is wanted. */
  start?: number;
  /** How many bytes are asked for at a time; the whole rest when left out. */
  step?: number;
  policy: RetryPolicy;
  signal?: AbortSignal;
}

/** So much must have come since the last cut for it to count as a new beginning. */
const PROGRESS = 1024 * 1024;

/**
 * The blob's bytes in order, from `start` on. A connection that is cut is followed by a request for the rest. The end is
 * either after at least `size` bytes (more means that the registry sends too much) or a fault.
 */
export async function* readBlob(request: BlobRequest): AsyncGenerator<Uint8Array, void, undefined> {
  const { size, step = size, policy, signal } = request;
  let done = request.start ?? 0;
  let failures = 0;
  while (done < size) {
    const start = done;
    const reply = await ask(request, start);
    let skip = reply.status === 206 ? 0 : start;
    let cut: unknown;
    try {
      for await (const chunk of reply.body()) {
        const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - fresh.length;
        if (fresh.length === 0) continue;
        done += fresh.length;
        yield fresh;
      }
    } catch (error) {
      if (!isFault(error, 'unavailable')) throw error;
      cut = error;
    }
    if (done >= size) return;
    if (done >= start + step) {
      failures = 0;
      continue;
    }
    failures = done - start >= PROGRESS ? 1 : failures + 1;
    if (failures >= policy.attempts) throw cutOff(request, done, cut);
    await pause(policy, failures, undefined, signal);
  }
}

async function ask(request: BlobRequest, start: number): Promise<Reply> {
  const { exchange, url, digest, signal } = request;
  const headers = rangeFrom(request, start);
  const reply = await exchange({ url, method: 'GET', headers, ...(signal === undefined ? {} : { signal }) });
  if (reply.status === 416 && start === 0 && headers['Range'] !== undefined) {
    // A registry that gives no parts.
    await reply.discard();
    return ask({ ...request, step: request.size }, start);
  }
  if (reply.status === 206 && !resumesAt(reply, start)) {
    await reply.discard();
    throw new Fault('corrupt', `fetch the blob ${digest}: the registry resumes it at another place than asked for`);
  }
  if (reply.status === 200 || reply.status === 206) return reply;
  throw await statusFault(reply, `fetch the blob ${digest}${start === 0 ? '' : ` from byte ${start}`}`);
}

function rangeFrom({ size, step = size }: BlobRequest, start: number): Record<string, string> {
  if (start + step < size) return { Range: `bytes=${start}-${start + step - 1}` };
  return start === 0 ? {} : { Range: `bytes=${start}-` };
}

function resumesAt(reply: Reply, start: number): boolean {
  return new RegExp(`^bytes ${start}-`).test(reply.headers.get('content-range') ?? '');
}

function cutOff({ url, digest, size }: BlobRequest, done: number, cause: unknown): Fault {
  return new Fault('unavailable', `fetch the blob ${digest}: the connection was cut after ${done} of ${size} bytes`, {
    ...(cause === undefined ? {} : { cause }),
    facts: { url: url.href, done, size },
  });
}
