import { shortId } from '#base/ids.ts';
import { formatBytes, formatDuration } from '#base/units.ts';
import { imageFilter, refersTo, type ImageFilter } from '#engine/image/filter.ts';
import { listImages, listIndexes, type ListedImage } from '#engine/image/list.ts';
import type { ImageRecord } from '#engine/image/pull.ts';
import { imageBranches } from '#engine/image/tree.ts';
import { print } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import { formatRows } from '#doors/cli/template.ts';
import type { Verb } from '#doors/cli/verb.ts';
import { goTime } from './go-time.ts';
import { treeTable } from './images-tree.ts';

const FILTER_KEYS = ['dangling', 'label', 'before', 'since', 'until', 'reference'];

/** Docker's names for `--format`, with the headings they get in a table. */
const HEADINGS = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
} as const;

/** `images`: one line for each name of each image. */
export const images: Verb = {
  flags: {
    all: { kind: 'switch', short: 'a', does: 'Show all images; there are none in between here' },
    quiet: { kind: 'switch', short: 'q', does: 'Only show image ids' },
    'no-trunc': { kind: 'switch', does: 'Do not shorten ids' },
    digests: { kind: 'switch', does: 'Show digests' },
    filter: { kind: 'list', short: 'f', value: 'KEY=VALUE', does: `Only such images: ${FILTER_KEYS.join(', ')}` },
    tree: { kind: 'switch', does: 'Show the platform and the sizes of each image' },
    format: { kind: 'text', value: 'FORMAT', does: 'table, json or a template such as {{.ID}}' },
  },
  args: [0, 1],
  act: async ({ args: [name], flags, io, engine: open }) => {
    const engine = await open();
    const filter = imageFilter(engine, flags.list('filter'), FILTER_KEYS);
    const shown = [...listImages(engine), ...listIndexes(engine)].filter(
      (entry) => filter(entry) && matches(name)(entry),
    );
    const whole = flags.on('no-trunc');
    if (flags.on('quiet')) {
      for (const id of new Set(shown.map(({ image }) => idOf(image, whole)))) print(io, id);
      return 0;
    }
    if (flags.on('tree')) {
      print(io, treeTable(imageBranches(engine, [...new Set(shown.map(({ image }) => image))])));
      return 0;
    }
    const rows = shown.map((entry) => rowOf(entry, whole));
    const lines = formatRows(flags.text('format'), rows, HEADINGS);
    for (const line of lines ?? [ownTable(rows, flags.on('digests'))]) print(io, line);
    return 0;
  },
};

/** A name without a tag means all tags. */
const matches = (name: string | undefined): ImageFilter =>
  name === undefined ? () => true : (entry) => refersTo(entry, name);

const idOf = ({ configDigest }: ImageRecord, whole: boolean): string => (whole ? configDigest : shortId(configDigest));

function ownTable(rows: readonly ReturnType<typeof rowOf>[], digests: boolean): string {
  const columns = (['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'] as const).filter(
    (column) => digests || column !== 'Digest',
  );
  return table(
    columns.map((column) => HEADINGS[column]),
    rows.map((row) => columns.map((column) => row[column])),
  );
}

function rowOf({ repository, tag, digest, image }: ListedImage, whole: boolean) {
  return {
    Containers: 'N/A',
    CreatedAt: image.created === 0 ? 'N/A' : goTime(image.created),
    CreatedSince: image.created === 0 ? 'N/A' : `${formatDuration(Date.now() - image.created)} ago`,
    Digest: digest,
    ID: idOf(image, whole),
    Repository: repository,
    SharedSize: 'N/A',
    Size: formatBytes(image.size),
    Tag: tag,
    UniqueSize: 'N/A',
  };
}
