import { Fault } from '#base/fault.ts';
import { watchProgress, type ProgressWatch } from './progress-watch.ts';

export interface RegistryRequest {
  url: URL;
  method: 'GET' | 'HEAD';
  headers: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

export interface Reply {
  status: number;
  headers: Headers;
  /** Who answered, after redirects. */
  url: URL;
  /** Read it once, or discard it. Ends early without an error when the connection is cut in some runtimes. */
  body(): AsyncIterable<Uint8Array>;
  /** All of the body; throws `corrupt` when it is longer than `limit`. */
  bytes(limit: number): Promise<Buffer>;
  /** Ends the connection's use when the body is of no interest. */
  discard(): Promise<void>;
}

/**
 * One request and its reply. Throws `unavailable` when no reply comes (connection, time-out), `cancelled` when the
 * caller gave up; any status is a reply.
 */
export type Exchange = (request: RegistryRequest) => Promise<Reply>;
export type Interceptor = (next: Exchange) => Exchange;

/** The first interceptor sees a request first and its reply last. */
export function compose(exchange: Exchange, ...interceptors: readonly Interceptor[]): Exchange {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), exchange);
}

/** The exchange at the bottom: `fetch`, ended after `idleMs` without a byte. */
export function fetchExchange(idleMs: number): Exchange {
  return async (request) => {
    const watch = watchProgress(idleMs, request.signal, `${request.method} ${request.url.href}`);
    try {
      const response = await fetch(request.url, {
        method: request.method,
        // A blob must arrive as it is stored, so no transfer compression on top.
        headers: { 'Accept-Encoding': 'identity', ...request.headers },
        redirect: 'manual',
        signal: watch.signal,
      });
      watch.touch();
      return reply(response, request, watch);
    } catch (error) {
      throw watch.explain(error);
    }
  };
}

function reply(response: Response, request: RegistryRequest, watch: ProgressWatch): Reply {
  const body = (): AsyncIterable<Uint8Array> => watched(response, watch);
  return {
    status: response.status,
    headers: response.headers,
    url: request.url,
    body,
    bytes: (limit) => gather(body(), limit, request.url),
    discard: async () => {
      watch.stop();
      await response.body?.cancel().catch(() => undefined);
    },
  };
}

async function* watched(response: Response, watch: ProgressWatch): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (response.body === null) return;
    for await (const chunk of response.body) {
      watch.pause();
      yield chunk;
      watch.touch();
    }
  } catch (error) {
    throw watch.explain(error);
  } finally {
    watch.stop();
  }
}

async function gather(body: AsyncIterable<Uint8Array>, limit: number, url: URL): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw new Fault('corrupt', `GET ${url.href}: the answer is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
