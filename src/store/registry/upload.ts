import { Fault, isFault } from '#base/fault.ts';
import type { RegistryRequest, Reply } from './exchange.ts';
import { isDistrust, pause, retryAfterMs, WORTH_A_RETRY, type RetryPolicy } from './retry.ts';
import { statusFault } from './status-fault.ts';
import {
  beginUpload,
  findUpload,
  locationOf,
  reachedBy,
  type UploadSession,
  type UploadTarget,
} from './upload-session.ts';

export interface UploadRequest extends UploadTarget {
  /** The bytes from `start` to before `end`. */
  open(start: number, end: number): AsyncIterable<Uint8Array>;
  /** Another repository of this registry that should have the blob. */
  mountFrom?: string;
  /** How many bytes have been sent; fewer than before after a cut. */
  onSent?: (done: number) => void;
  policy: RetryPolicy;
  /** Most bytes of one request. */
  chunk?: number;
}

/**
 * A blob up to this size goes in one request, which costs a registry less than a chunk and its end. Chunks are not larger
 * either: what a cut one has brought is lost at some registries.
 */
const CHUNK = 64 * 1024 * 1024;
/** So much must have been taken since the best try for the next to count as the first. */
const PROGRESS = 1024 * 1024;
/** The registry does not know the upload any more, or is at another place in it. */
const LOST: ReadonlySet<number> = new Set([404, 409, 416]);
const OCTETS = { 'Content-Type': 'application/octet-stream' };

/** The upload has stopped for a reason that may pass. */
class Setback extends Error {
  readonly fault: Fault;
  readonly askedMs: number | undefined;
  constructor(fault: Fault, askedMs?: number) {
    super(fault.message);
    this.fault = fault;
    this.askedMs = askedMs;
  }
}

/** True when the repository has the blob. */
export async function hasBlob({ exchange, base, digest, signal }: UploadTarget): Promise<boolean> {
  const url = new URL(`blobs/${digest}`, base);
  const reply = await exchange({ url, method: 'HEAD', headers: {}, ...(signal === undefined ? {} : { signal }) });
  if (reply.status !== 200 && reply.status !== 404) throw await statusFault(reply, `ask for the blob ${digest}`);
  await reply.discard();
  return reply.status === 200;
}

/**
 * Brings a blob into the repository (distribution-spec, "Pushing blobs"): mounted from another one, in one piece, or in
 * chunks. An upload that is cut goes on where the registry says that it is, or starts anew where it cannot say.
 */
export async function uploadBlob(request: UploadRequest): Promise<'mounted' | 'sent'> {
  const { policy, signal } = request;
  const begun = await beginUpload(request, request.mountFrom);
  if (begun === 'mounted') return 'mounted';
  let session: UploadSession = begun;
  let reached = 0;
  for (let failures = 1; ; failures++) {
    try {
      while (inChunks(request, session)) session = await sendChunk(request, session);
      await finishUpload(request, session);
      return 'sent';
    } catch (error) {
      if (!(error instanceof Setback)) throw error;
      if (session.done - reached >= PROGRESS) failures = 1;
      reached = Math.max(reached, session.done);
      if (failures >= policy.attempts) throw error.fault;
      await pause(policy, failures, error.askedMs, signal);
    }
    const found = await findUpload(request, session);
    if (found === undefined && (await hasBlob(request))) return 'sent';
    session = found ?? (await newUpload(request));
  }
}

/** An upload that has been cut goes on with a chunk, as only that says where it begins. */
function inChunks({ size, chunk = CHUNK }: UploadRequest, { done }: UploadSession): boolean {
  return (size > chunk || done > 0) && done < size;
}

async function newUpload(request: UploadRequest): Promise<UploadSession> {
  const begun = await beginUpload(request, undefined);
  if (begun !== 'mounted') return begun;
  throw new Fault('corrupt', `upload the blob ${request.digest}: the registry says that it has been mounted, unasked`);
}

async function sendChunk(request: UploadRequest, session: UploadSession): Promise<UploadSession> {
  const { digest, size, chunk = CHUNK } = request;
  const start = session.done;
  const end = Math.min(start + Math.max(chunk, session.least), size);
  const headers = { ...OCTETS, 'Content-Range': `${start}-${end - 1}` };
  const reply = await attempt(request, {
    ...bodyOf(request, start, end),
    url: session.location,
    method: 'PATCH',
    headers,
  });
  if (reply.status !== 202) throw await refusal(reply, `upload the blob ${digest} from byte ${start}`);
  await reply.discard();
  const done = reachedBy(reply) ?? end;
  if (done > end || done <= start) {
    const text = `upload the blob ${digest}: of the bytes ${start} to ${end} the registry says that it is at ${done}`;
    throw new Setback(new Fault('corrupt', text));
  }
  return { ...session, location: locationOf(reply), done };
}

/** Closes the upload; a blob of one request goes along whole. */
async function finishUpload(request: UploadRequest, { location, done }: UploadSession): Promise<void> {
  const { digest, size } = request;
  const url = new URL(location);
  url.searchParams.set('digest', digest);
  const reply = await attempt(request, { ...bodyOf(request, done, size), url, method: 'PUT', headers: OCTETS });
  if (reply.status !== 201) throw await refusal(reply, `upload the blob ${digest}`);
  await reply.discard();
  const taken = reply.headers.get('docker-content-digest') ?? digest;
  if (taken === digest) return;
  throw new Fault('corrupt', `upload the blob ${digest}: the registry says that it took ${taken}`);
}

function bodyOf({ open, onSent }: UploadRequest, start: number, end: number): Pick<RegistryRequest, 'body'> {
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    let done = start;
    for await (const chunk of open(start, end)) {
      yield chunk;
      onSent?.((done += chunk.length));
    }
  };
  return { body: { size: end - start, open: counted } };
}

async function attempt({ exchange, signal }: UploadRequest, request: RegistryRequest): Promise<Reply> {
  try {
    return await exchange({ ...request, once: true, ...(signal === undefined ? {} : { signal }) });
  } catch (error) {
    throw isFault(error, 'unavailable') && !isDistrust(error) ? new Setback(error) : error;
  }
}

async function refusal(reply: Reply, doing: string): Promise<Error> {
  const asked = retryAfterMs(reply);
  const fault = await statusFault(reply, doing);
  return WORTH_A_RETRY.has(reply.status) || LOST.has(reply.status) ? new Setback(fault, asked) : fault;
}
