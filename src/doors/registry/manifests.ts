import { checkedDigest, checkedRepository, isTag, refusal } from '#engine/hosting/hosting.ts';
import { wholeBody } from './body.ts';
import { isKnown } from './blobs.ts';
import { answerEmpty, answerWhole, changesOf, type Handler, type Visit } from './visit.ts';

/** The specification's limit; no image needs more. */
const LARGEST_MANIFEST = 4 * 1024 * 1024;
const MOST_TAGS = 100;

/** GET and HEAD, by tag or digest. */
export const getManifest: Handler = async (visit) => {
  const { repository, reference } = placeOf(visit);
  const { digest, mediaType, bytes } = await visit.hosting.manifest(repository, reference);
  const headers = { 'Content-Type': mediaType, 'Docker-Content-Digest': digest, ETag: `"${digest}"` };
  if (isKnown(visit, digest)) return answerEmpty(visit, 304, headers);
  answerWhole(visit, 200, headers, bytes);
};

export const putManifest: Handler = async (visit) => {
  const { repository, reference } = placeOf(visit);
  const { putManifest: put } = changesOf(visit);
  const tags = isTag(reference) ? [reference] : tagsOf(visit);
  const mediaType = (visit.request.headers['content-type'] ?? '').replace(/;.*$/, '').trim();
  const { digest, subject } = put({
    repository,
    tags,
    bytes: await wholeBody(visit, LARGEST_MANIFEST),
    ...(isTag(reference) ? {} : { digest: checkedDigest(reference) }),
    ...(mediaType === '' ? {} : { mediaType }),
  });
  answerEmpty(visit, 201, {
    Location: `/v2/${repository}/manifests/${reference}`,
    'Docker-Content-Digest': digest,
    ...(subject === undefined ? {} : { 'OCI-Subject': subject }),
    ...(isTag(reference) || tags.length === 0 ? {} : { 'OCI-Tag': tags.join(', ') }),
  });
};

export const deleteManifest: Handler = (visit) => {
  const { repository, reference } = placeOf(visit);
  changesOf(visit).deleteManifest(repository, reference);
  answerEmpty(visit, 202);
};

/** Tags that a manifest gets beside its digest: `?tag=1.2&tag=latest`. */
function tagsOf({ query }: Visit): string[] {
  const tags = query.getAll('tag');
  if (tags.length > MOST_TAGS) throw refusal('MANIFEST_INVALID', `these are more than ${MOST_TAGS} tags`, 414);
  for (const tag of tags) if (!isTag(tag)) throw notTag();
  return tags;
}

function placeOf({ params, request }: Visit): { repository: string; reference: string } {
  const repository = checkedRepository(params[0] ?? '');
  const reference = params[1] ?? '';
  if (isTag(reference)) return { repository, reference };
  if (reference.includes(':')) return { repository, reference: checkedDigest(reference) };
  if (request.method === 'PUT') throw notTag();
  throw refusal('MANIFEST_UNKNOWN', 'this is neither a tag nor a digest, so there is none');
}

const notTag = () =>
  refusal(
    'MANIFEST_INVALID',
    'a tag is 1 to 128 letters, digits, "_", "." or "-", and starts with none of the last two',
  );
