import { checkedDigest, checkedRepository, OCI_INDEX, refusal, type Page } from '#engine/hosting/hosting.ts';
import { answerJson, type Handler, type Visit } from './visit.ts';

/** An answer stays small however many there are. */
const MOST = 10_000;

/** The base: what speaks this protocol at all. */
export const base: Handler = (visit) => answerJson(visit, 200, {});

export const listTags: Handler = (visit) => {
  const repository = checkedRepository(visit.params[0] ?? '');
  const { items, link } = paged(visit, `/v2/${repository}/tags/list`, (page) => visit.hosting.tags(repository, page));
  answerJson(visit, 200, { name: repository, tags: items }, link);
};

export const listRepositories: Handler = (visit) => {
  const { items, link } = paged(visit, '/v2/_catalog', (page) => visit.hosting.repositories(page));
  answerJson(visit, 200, { repositories: items }, link);
};

/** Asks for one more than is wanted, to know whether there are more. */
function paged(
  visit: Visit,
  path: string,
  list: (page: Page) => string[],
): { items: string[]; link: { Link?: string } } {
  const asked = visit.query.get('n');
  if (asked !== null && !/^\d{1,9}$/.test(asked)) throw refusal('UNSUPPORTED', 'n is not a number', 400);
  const limit = Math.min(asked === null ? MOST : Number(asked), MOST);
  const after = visit.query.get('last');
  const found = list({ limit: limit + 1, ...(after === null ? {} : { after }) });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  if (found.length <= limit || last === undefined) return { items, link: {} };
  return { items, link: nextLink(path, { n: String(limit), last }) };
}

const nextLink = (path: string, query: Record<string, string>): { Link: string } => ({
  Link: `<${path}?${new URLSearchParams(query)}>; rel="next"`,
});

/** Manifests whose `subject` is this digest, known or not. */
export const listReferrers: Handler = (visit) => {
  const repository = checkedRepository(visit.params[0] ?? '');
  const subject = checkedDigest(visit.params[1]);
  const [artifactType, after] = [visit.query.get('artifactType') ?? '', visit.query.get('last')];
  const { list, more } = visit.hosting.referrers(repository, subject, {
    ...(artifactType === '' ? {} : { artifactType }),
    ...(after === null ? {} : { after }),
  });
  const filter = artifactType === '' ? {} : { artifactType };
  const last = list.at(-1)?.digest;
  answerJson(
    visit,
    200,
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests: list },
    {
      'Content-Type': OCI_INDEX,
      ...(artifactType === '' ? {} : { 'OCI-Filters-Applied': 'artifactType' }),
      ...(more && last !== undefined ? nextLink(`/v2/${repository}/referrers/${subject}`, { ...filter, last }) : {}),
    },
  );
};
