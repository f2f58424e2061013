import { Fault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import type { Exchange, Reply } from './exchange.ts';
import { statusFault } from './status-fault.ts';

/** What is uploaded, and where to. */
export interface UploadTarget {
  exchange: Exchange;
  /** `https://host/v2/repository/` */
  base: URL;
  digest: Digest;
  /** Bytes. */
  size: number;
  signal?: AbortSignal;
}

/** An upload that the registry has agreed to. */
export interface UploadSession {
  /** Where the next request goes; changes with each answer. */
  location: URL;
  /** Bytes that the registry says it has. */
  done: number;
  /** Smallest chunk that it takes, but for the last one. */
  least: number;
}

/** Asks for an upload; `mounted` when the blob is there now without one. */
export async function beginUpload(
  target: UploadTarget,
  mountFrom: string | undefined,
): Promise<UploadSession | 'mounted'> {
  const { exchange, base, digest, signal } = target;
  const url = new URL('blobs/uploads/', base);
  if (mountFrom !== undefined) {
    url.searchParams.set('mount', digest);
    url.searchParams.set('from', mountFrom);
  }
  const cancel = signal === undefined ? {} : { signal };
  const reply = await exchange({ url, method: 'POST', headers: {}, ...cancel });
  if (reply.status === 202) {
    await reply.discard();
    const least = Number(reply.headers.get('oci-chunk-min-length') ?? 0);
    return { location: locationOf(reply), done: 0, least: Number.isSafeInteger(least) && least > 0 ? least : 0 };
  }
  if (mountFrom === undefined) throw await statusFault(reply, `start the upload of the blob ${digest}`);
  await reply.discard();
  // The other repository may be none of ours: then it is sent like any other.
  return reply.status === 201 ? 'mounted' : beginUpload(target, undefined);
}

/** How far a cut upload has come; undefined when the registry cannot say, or says what cannot be. */
export async function findUpload(target: UploadTarget, session: UploadSession): Promise<UploadSession | undefined> {
  const { exchange, signal, size } = target;
  const cancel = signal === undefined ? {} : { signal };
  const reply = await exchange({ url: session.location, method: 'GET', headers: {}, ...cancel });
  await reply.discard();
  if (reply.status !== 204) return undefined;
  const done = reachedBy(reply) ?? 0;
  return done > size ? undefined : { ...session, location: locationOf(reply, session.location), done };
}

/** Bytes that the registry has by its `Range: 0-LAST`; `0-0` stands for none. */
export function reachedBy(reply: Reply): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(reply.headers.get('range') ?? '')?.[1];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}

/** Where the upload goes on. A secure connection is not given up for a plain one. */
export function locationOf(reply: Reply, usual?: URL): URL {
  const text = reply.headers.get('location') ?? '';
  if (text === '' && usual !== undefined) return usual;
  const doing = `upload to ${reply.url.host}`;
  if (text === '' || !URL.canParse(text, reply.url)) {
    throw new Fault('corrupt', `${doing}: it does not say where to`);
  }
  const location = new URL(text, reply.url);
  if (location.protocol === 'https:' || location.protocol === reply.url.protocol) return location;
  throw new Fault('denied', `${doing}: it sends us to ${location.origin}, which is not secure`, {
    hint: 'Behind a proxy, the registry has to be told that it is reached by HTTPS.',
  });
}
