import { checkedDigest, checkedRepository } from '#engine/hosting/hosting.ts';
import { send } from './body.ts';
import { askedRange } from './range.ts';
import { answer, answerEmpty, changesOf, type Handler, type Visit } from './visit.ts';

/** What has a digest for its name never changes. */
const FOR_EVER = 'max-age=31536000';

/** GET, whole or a range, of a blob. */
export const getBlob: Handler = async (visit) => {
  const [name = '', reference] = visit.params;
  const digest = checkedDigest(reference);
  const blob = await visit.hosting.openBlob(checkedRepository(name), digest);
  try {
    const headers = headersOf(digest);
    if (isKnown(visit, digest)) return answerEmpty(visit, 304, headers);
    const asked = askedRange(visit.request.headers.range, blob.size);
    if (asked === 'unsatisfiable') return answerEmpty(visit, 416, { 'Content-Range': `bytes */${blob.size}` });
    const { start, end } = asked ?? { start: 0, end: blob.size };
    const part = asked === undefined ? {} : { 'Content-Range': `bytes ${start}-${end - 1}/${blob.size}` };
    answer(visit, asked === undefined ? 200 : 206, { ...headers, ...part, 'Content-Length': end - start });
    await send(visit, blob.stream(start, end), end - start);
  } finally {
    await blob.close();
  }
};

export const headBlob: Handler = (visit) => {
  const [name = '', reference] = visit.params;
  const digest = checkedDigest(reference);
  const size = visit.hosting.blobSize(checkedRepository(name), digest);
  answer(visit, 200, { ...headersOf(digest), 'Content-Length': size });
  visit.response.end();
};

export const deleteBlob: Handler = (visit) => {
  const [name = '', reference] = visit.params;
  changesOf(visit).deleteBlob(checkedRepository(name), checkedDigest(reference));
  answerEmpty(visit, 202);
};

const headersOf = (digest: string) => ({
  'Content-Type': 'application/octet-stream',
  'Docker-Content-Digest': digest,
  'Accept-Ranges': 'bytes',
  'Cache-Control': FOR_EVER,
  ETag: `"${digest}"`,
});

/** The client has it already. */
export function isKnown({ request }: Visit, digest: string): boolean {
  const tags = (request.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(`"${digest}"`);
}
