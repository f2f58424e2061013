import { Fault } from '#base/fault.ts';
import { VERSION } from '#base/version.ts';
import { connectionOf, type ConnectionSettings } from './connection.ts';
import { watchProgress, type ProgressWatch } from './progress-watch.ts';

export interface RegistryRequest {
  url: URL;
  method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT';
  headers: Readonly<Record<string, string>>;
  body?: RequestBody;
  /** Not to be sent again as it is after a failure: its sender finds out first how far it came. */
  once?: true;
  signal?: AbortSignal;
}

export interface RequestBody {
  /** Bytes. */
  size: number;
  /** The bytes from the beginning, anew for each try. */
  open(): AsyncIterable<Uint8Array>;
}

export function wholeBody(bytes: Uint8Array): RequestBody {
  return {
    size: bytes.length,
    open: async function* () {
      yield bytes;
    },
  };
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

const AGENT = `sampan/${VERSION}`;

/** The first interceptor sees a request first and its reply last. */
export function compose(exchange: Exchange, ...interceptors: readonly Interceptor[]): Exchange {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), exchange);
}

/** A registry checks and moves what it was sent before it answers. */
const PATIENCE_AFTER_SENDING = 4;

/** The exchange at the bottom: `fetch`, ended after `idleMs` without a byte. */
export function fetchExchange(idleMs: number, connection: ConnectionSettings = {}): Exchange {
  return async (request) => {
    const { url, method, body } = request;
    const patience = method === 'GET' || method === 'HEAD' ? idleMs : idleMs * PATIENCE_AFTER_SENDING;
    // Without its query, which may hold what is as good as a password.
    const watch = watchProgress(patience, request.signal, `${method} ${url.origin}${url.pathname}`);
    const sending = body === undefined ? undefined : sent(body, watch);
    try {
      const response = await fetch(url, {
        method,
        // A blob must arrive as it is stored, so no transfer compression on top.
        headers: { 'Accept-Encoding': 'identity', 'User-Agent': AGENT, ...request.headers, ...sending?.headers },
        redirect: 'manual',
        signal: watch.signal,
        ...sending?.init,
        ...connectionOf(url, connection),
      });
      watch.touch();
      return reply(response, request, watch);
    } catch (error) {
      throw watch.explain(error);
    } finally {
      sending?.end();
    }
  };
}

interface Sending {
  headers: Readonly<Record<string, string>>;
  init: RequestInit;
  /** Closes the source, which an early answer leaves half read. */
  end(): void;
}

function sent({ size, open }: RequestBody, watch: ProgressWatch): Sending {
  const headers = { 'Content-Length': String(size) };
  if (size === 0) return { headers, init: {}, end: () => undefined };
  const source = open()[Symbol.asyncIterator]();
  const end = (): void => void source.return?.().catch(() => undefined);
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const { done, value } = await source.next();
        watch.touch();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
  return { headers, init: { body: stream, duplex: 'half' } as RequestInit, end };
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
