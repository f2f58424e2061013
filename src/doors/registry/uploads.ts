import { checkedDigest, checkedRepository, refusal } from '#engine/hosting/hosting.ts';
import { bodyOf, lengthOf } from './body.ts';
import { chunkRange } from './range.ts';
import { answerEmpty, changesOf, type Handler, type Headers, type Visit } from './visit.ts';

/** Smaller chunks are taken too; each costs a request. */
const BEST_CHUNK = 64 * 1024;

/** POST: begins an upload, takes a whole blob at once, or mounts one of another repository. */
export const startUpload: Handler = async (visit) => {
  const repository = checkedRepository(visit.params[0] ?? '');
  const { mount, uploads } = changesOf(visit);
  const { query } = visit;
  const [mounted, from] = [query.get('mount'), query.get('from')];
  // Without `from` nothing is looked for elsewhere: that would tell what others have.
  if (mounted !== null && from !== null && mount(repository, checkedDigest(mounted), from)) {
    return answerEmpty(visit, 201, blobHeaders(repository, mounted));
  }
  if (query.has('digest')) return wholeUpload(visit, repository);
  const id = uploads.start(repository, algorithmOf(query));
  answerEmpty(visit, 202, {
    ...uploadHeaders(repository, id, 0),
    'OCI-Chunk-Min-Length': BEST_CHUNK,
  });
};

async function wholeUpload(visit: Visit, repository: string): Promise<void> {
  const digest = checkedDigest(visit.query.get('digest') ?? '');
  const { uploads } = changesOf(visit);
  const id = uploads.start(repository, digest.startsWith('sha512:') ? 'sha512' : 'sha256');
  try {
    await uploads.append(repository, id, { bytes: bodyOf(visit) });
    await uploads.finish(repository, id, digest);
  } catch (error) {
    // Nobody knows its name, so nobody can go on with it.
    await uploads.cancel(repository, id).catch(() => undefined);
    throw error;
  }
  answerEmpty(visit, 201, blobHeaders(repository, digest));
}

function algorithmOf(query: URLSearchParams): 'sha256' | 'sha512' {
  const name = query.get('digest-algorithm') ?? 'sha256';
  if (name === 'sha256' || name === 'sha512') return name;
  throw refusal('DIGEST_INVALID', 'digests are sha256 or sha512');
}

/** PATCH: the next bytes. */
export const appendChunk: Handler = async (visit) => {
  const { repository, id } = placeOf(visit);
  const size = await append(visit);
  answerEmpty(visit, 202, uploadHeaders(repository, id, size));
};

/** PUT: the last bytes, if there are any, and the digest of all of them. */
export const finishUpload: Handler = async (visit) => {
  const { repository, id } = placeOf(visit);
  const digest = checkedDigest(visit.query.get('digest') ?? undefined);
  const { uploads } = changesOf(visit);
  uploads.size(repository, id);
  if (hasBody(visit)) await append(visit);
  await uploads.finish(repository, id, digest);
  answerEmpty(visit, 201, blobHeaders(repository, digest));
};

export const uploadStatus: Handler = (visit) => {
  const { repository, id } = placeOf(visit);
  answerEmpty(visit, 204, uploadHeaders(repository, id, changesOf(visit).uploads.size(repository, id)));
};

export const cancelUpload: Handler = async (visit) => {
  const { repository, id } = placeOf(visit);
  await changesOf(visit).uploads.cancel(repository, id);
  answerEmpty(visit, 204);
};

const placeOf = ({ params }: Visit): { repository: string; id: string } => ({
  repository: checkedRepository(params[0] ?? ''),
  id: params[1] ?? '',
});

const hasBody = ({ request }: Visit): boolean =>
  request.headers['transfer-encoding'] !== undefined || (lengthOf(request) ?? 0) > 0;

async function append(visit: Visit): Promise<number> {
  const { repository, id } = placeOf(visit);
  const { uploads } = changesOf(visit);
  const header = visit.request.headers['content-range'];
  const range = header === undefined ? undefined : chunkRange(header);
  if (header !== undefined && range === undefined) {
    throw refusal('BLOB_UPLOAD_INVALID', 'the Content-Range is not of the form "0-99"', 416);
  }
  const length = lengthOf(visit.request);
  try {
    return await uploads.append(repository, id, {
      bytes: bodyOf(visit),
      ...(range === undefined ? {} : { range }),
      ...(length === undefined ? {} : { length }),
    });
  } catch (error) {
    // Where a client that has lost its way may go on.
    for (const [name, value] of Object.entries(whereNow(visit))) visit.response.setHeader(name, value as string);
    throw error;
  }
}

function whereNow(visit: Visit): Headers {
  const { repository, id } = placeOf(visit);
  try {
    return uploadHeaders(repository, id, changesOf(visit).uploads.size(repository, id));
  } catch {
    return {};
  }
}

/** An empty upload has no last byte; `0-0` is what registries say of it. */
const uploadHeaders = (repository: string, id: string, size: number): Headers => ({
  Location: `/v2/${repository}/blobs/uploads/${encodeURIComponent(id)}`,
  Range: `0-${Math.max(0, size - 1)}`,
  'Docker-Upload-UUID': id,
});

const blobHeaders = (repository: string, digest: string): Headers => ({
  Location: `/v2/${repository}/blobs/${digest}`,
  'Docker-Content-Digest': digest,
});
