/** What Debian's docker-registry (2.8, before version 1.1 of the specification) does otherwise, by the title of the case. */
const OLD_LISTS = 'its list of tags knows neither an order nor pages';
const NO_REFERRERS = 'it has no referrers and gives no OCI-Subject';
const NO_SINGLE_POST = 'it answers a single POST with an upload, as the specification allows';
const NO_RANGE_CHECK = 'it does not look at Content-Range';

export const PEER_DIFFERS: Readonly<Record<string, string>> = {
  'a range that cannot be read gets all of the blob': 'it answers 416, with a length that it does not send',
  'an empty blob is a blob': NO_SINGLE_POST,
  'a single POST with the digest': NO_SINGLE_POST,
  'content by sha512: a blob and a manifest': 'its manifests have sha256 digests',
  'a chunk out of order is 416, and the upload goes on where its status says': NO_RANGE_CHECK,
  'a first chunk that does not begin at 0 is 416': NO_RANGE_CHECK,
  'a final chunk out of order is 416': NO_RANGE_CHECK,
  'a chunk that is not as long as its range is refused, and nothing of it stays': NO_RANGE_CHECK,
  'an upload that nobody began is 404 BLOB_UPLOAD_UNKNOWN': 'it looks at its own signature first: BLOB_UPLOAD_INVALID',
  'content of another digest is refused (DIGEST_INVALID) and not served': NO_SINGLE_POST,
  'a layer that registries may not hand out need not be there': 'it wants the URLs to be allowed in its settings',
  'what is no manifest is refused with MANIFEST_INVALID': 'it answers 500 to some',
  'descriptors that are none are refused with MANIFEST_INVALID':
    'it has other codes for them, and takes annotations as they come',
  'a manifest of 4 MB is taken, a larger one is 413': 'it answers 400',
  'tags beside a digest: all of them are told in OCI-Tag, and name it': 'it ignores them',
  'all tags, in order, under the name of the repository': OLD_LISTS,
  'n tags, and the rest after the last one': OLD_LISTS,
  'a page leads to the next one by Link, and the last one to none': OLD_LISTS,
  'n=0 is an empty list without a Link': OLD_LISTS,
  '`last` may be what is no tag here': OLD_LISTS,
  'a repository without tags has an empty list': 'it is unknown without a tag',
  'a tag is deleted, and its manifest stays': 'it deletes manifests only by digest',
  'what is not there cannot be deleted (404)': 'it deletes manifests only by digest',
  'what refers to a manifest is listed with its artifact type and annotations': NO_REFERRERS,
  'without an artifact type of its own, an image is listed with that of its config': NO_REFERRERS,
  'an index may refer, too; without an artifact type it is listed without one': NO_REFERRERS,
  'the subject may come later, or never': NO_REFERRERS,
  'a filter by artifact type is applied, and said to be': NO_REFERRERS,
  'nothing refers to it: an empty index, never 404': NO_REFERRERS,
  'a digest that is none is 400': NO_REFERRERS,
  'a deleted referrer is listed no more; those of a deleted subject are': NO_REFERRERS,
  'those of another repository are not listed': NO_REFERRERS,
};
