import { sentence } from '#base/fault.ts';
import { registryAccess, type RegistryAccess } from '#engine/registry/access.ts';
import { readTerm, searchImages, searchTags, type SearchRequest, type SearchResult } from '#engine/registry/search.ts';
import { usage } from '#doors/cli/flags.ts';
import { print, warn } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import { formatRows } from '#doors/cli/template.ts';
import type { Call, Verb } from '#doors/cli/verb.ts';
import { cancellable } from './cancellation.ts';

/** Docker's names for `--format` and podman's, with their headings. */
const HEADINGS = {
  Index: 'INDEX',
  Name: 'NAME',
  Description: 'DESCRIPTION',
  StarCount: 'STARS',
  IsOfficial: 'OFFICIAL',
  IsAutomated: 'AUTOMATED',
  Stars: 'STARS',
  Official: 'OFFICIAL',
  Automated: 'AUTOMATED',
  Tag: 'TAG',
} as const;
type Row = Partial<Record<keyof typeof HEADINGS, string>>;

/** Docker's columns for Docker Hub; other registries know of no stars, so podman's for them. */
const HUB_COLUMNS = ['Name', 'Description', 'StarCount', 'IsOfficial'] as const;
const OTHER_COLUMNS = ['Name', 'Description'] as const;
const TAG_COLUMNS = ['Name', 'Tag'] as const;
const LIMIT = 25;
const LONGEST_DESCRIPTION = 45;

/** `search`: what a registry has under a word. */
export const search: Verb = {
  flags: {
    filter: {
      kind: 'list',
      short: 'f',
      value: 'KEY=VALUE',
      does: 'Only such images: is-official, is-automated, stars',
    },
    format: { kind: 'text', value: 'FORMAT', does: 'table, json or a template such as {{.Name}}' },
    limit: { kind: 'number', value: 'N', does: `Show no more than these (default ${LIMIT})` },
    'list-tags': { kind: 'switch', does: 'Show the tags of the repository [REGISTRY/]TERM' },
    'no-trunc': { kind: 'switch', does: 'Do not shorten descriptions' },
    'plain-http': { kind: 'switch', does: 'Speak HTTP to a registry that is not on loopback' },
  },
  args: [1, 1],
  act: async (call) => {
    const [term = ''] = call.args;
    const filter = filterOf(call.flags.list('filter'));
    const access = registryAccess(call.io.env);
    if (call.flags.on('list-tags')) {
      if (call.flags.list('filter').length > 0) throw usage('--list-tags takes no --filter');
      const request = requestOf(call, access, Infinity);
      const { name, tags } = await cancellable((signal) => searchTags(term, { ...request, signal }));
      return show(
        call,
        tags.map((Tag): Row => ({ Name: name, Tag })),
        TAG_COLUMNS,
      );
    }
    const place = readTerm(term, access);
    const request = requestOf(call, access, place.registries.includes('docker.io') ? 100 : Infinity);
    const tell = (error: Error): void => warn(call.io, sentence(error));
    const found = await cancellable((signal) => searchImages(place, { ...request, signal }, tell));
    // As docker shows it: short names of Docker Hub. Else as podman does: whole names.
    const isHub = place.term === term && place.registries.length === 1 && place.registries[0] === 'docker.io';
    const whole = call.flags.on('no-trunc');
    const rows = found.flatMap(({ registry, results }) =>
      results
        .filter(filter)
        .sort((a, b) => b.stars - a.stars)
        .map((result) => rowOf(result, registry, isHub, whole)),
    );
    return show(call, rows, isHub ? HUB_COLUMNS : OTHER_COLUMNS);
  },
};

function requestOf({ flags }: Call, access: RegistryAccess, most: number): SearchRequest {
  const limit = flags.number('limit') ?? LIMIT;
  if (limit < 1 || limit > most) {
    throw usage(`--limit is ${limit} and must be ${most === Infinity ? 'at least 1' : `between 1 and ${most}`}`);
  }
  return { access, insecure: flags.on('plain-http'), limit };
}

function show({ flags, io }: Call, rows: readonly Row[], columns: readonly (keyof Row)[]): number {
  const headings = columns.map((column) => HEADINGS[column]);
  const own = (): string =>
    table(
      headings,
      rows.map((row) => columns.map((column) => row[column] ?? '')),
    );
  for (const line of formatRows(flags.text('format'), rows, HEADINGS) ?? [own()]) print(io, line);
  return 0;
}

function rowOf(result: SearchResult, registry: string, isHub: boolean, whole: boolean): Required<Omit<Row, 'Tag'>> {
  const { name, description, stars, official, automated } = result;
  const text = printable(description);
  const ok = (is: boolean): string => (is ? '[OK]' : '');
  return {
    Index: registry,
    Name: printable(isHub ? name : fullName(registry, name)),
    Description: whole || text.length <= LONGEST_DESCRIPTION ? text : `${text.slice(0, LONGEST_DESCRIPTION - 1)}…`,
    StarCount: String(stars),
    IsOfficial: ok(official),
    IsAutomated: ok(automated),
    Stars: String(stars),
    Official: ok(official),
    Automated: ok(automated),
  };
}

/** Docker Hub leaves `library/` out of the names of official images. */
const fullName = (registry: string, name: string): string =>
  `${registry}/${registry === 'docker.io' && !name.includes('/') ? 'library/' : ''}${name}`;

/** What anybody may have written must not move the cursor. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();

type Filter = (result: SearchResult) => boolean;

const FILTERS: Readonly<Record<string, (value: string) => Filter | undefined>> = {
  'is-official': (value) => truth(value, ({ official }) => official),
  'is-automated': (value) => truth(value, ({ automated }) => automated),
  stars: (value) => (/^\d+$/.test(value) ? ({ stars }) => stars >= Number(value) : undefined),
};

function truth(value: string, of: (result: SearchResult) => boolean): Filter | undefined {
  if (!/^(?:true|false|1|0)$/.test(value)) return undefined;
  return (result) => of(result) === (value === 'true' || value === '1');
}

function filterOf(texts: readonly string[]): Filter {
  const filters = texts.map((text) => {
    const equals = text.indexOf('=');
    const key = text.slice(0, Math.max(0, equals));
    const filter = Object.hasOwn(FILTERS, key) ? FILTERS[key]?.(text.slice(equals + 1)) : undefined;
    if (filter === undefined) throw usage(`--filter is "${text}" and not is-official=, is-automated= or stars=`);
    return filter;
  });
  return (result) => filters.every((filter) => filter(result));
}
