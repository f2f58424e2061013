import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { refusal } from '#engine/hosting/hosting.ts';
import type { Visit } from './visit.ts';

/** The bytes of a request as they come; a sender that is silent for too long is cut off. */
export async function* bodyOf({ request, idleMs }: Visit): AsyncGenerator<Uint8Array, void, undefined> {
  const timer = setTimeout(() => request.destroy(new Error('nothing has come for too long')), idleMs);
  try {
    // Who stops reading still wants to answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      timer.refresh();
      yield chunk as Uint8Array;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** A small body in memory. Throws with 413 when it is not small. */
export async function wholeBody(visit: Visit, limit: number): Promise<Buffer> {
  const tooLong = () => refusal('MANIFEST_INVALID', `it is longer than ${limit} bytes`, 413);
  if ((lengthOf(visit.request) ?? 0) > limit) throw tooLong();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bodyOf(visit)) {
    size += chunk.length;
    if (size > limit) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function lengthOf({ headers }: IncomingMessage): number | undefined {
  const text = headers['content-length'];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Sends bytes no faster than they are taken; a reader that takes none for too long is cut off. */
export async function send(
  { response, idleMs }: Visit,
  bytes: AsyncIterable<Uint8Array>,
  length: number,
): Promise<void> {
  const timer = setTimeout(() => response.destroy(), idleMs);
  let left = length;
  try {
    for await (const chunk of bytes) {
      timer.refresh();
      left -= chunk.length;
      if (response.destroyed) return;
      if (response.write(chunk)) continue;
      const gone = new AbortController();
      await Promise.race([
        once(response, 'drain', { signal: gone.signal }),
        once(response, 'close', { signal: gone.signal }),
      ]).catch(() => undefined);
      gone.abort();
    }
    // Less than was announced is seen as a cut, never as the end.
    if (left === 0) response.end();
    else response.destroy();
  } finally {
    clearTimeout(timer);
  }
}
