import { shortId } from '#base/ids.ts';
import { formatBytes, formatDuration } from '#base/units.ts';
import { listImages, type ListedImage } from '#engine/image/list.ts';
import type { ImageRecord } from '#engine/image/pull.ts';
import { print } from '#doors/cli/io.ts';
import { table } from '#doors/cli/table.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `images`: one line for each name of each image. */
export const images: Verb = {
  flags: {
    quiet: { kind: 'switch', short: 'q', does: 'Only show image ids' },
    'no-trunc': { kind: 'switch', does: 'Do not shorten ids' },
    digests: { kind: 'switch', does: 'Show digests' },
    format: { kind: 'text', value: 'FORMAT', does: 'table or json' },
  },
  args: [0, 0],
  act: async (call) => {
    const engine = await call.engine();
    const all = listImages(engine);
    const whole = call.flags.on('no-trunc');
    const id = (image: ImageRecord): string => (whole ? image.configDigest : shortId(image.configDigest));
    if (call.flags.on('quiet')) {
      for (const shown of new Set(all.map(({ image }) => id(image)))) print(call.io, shown);
    } else if (call.flags.text('format') === 'json') {
      for (const line of all) print(call.io, JSON.stringify(asJson(line, id(line.image))));
    } else {
      const digests = call.flags.on('digests');
      const headings = ['REPOSITORY', 'TAG', ...(digests ? ['DIGEST'] : []), 'IMAGE ID', 'CREATED', 'SIZE'];
      print(
        call.io,
        table(
          headings,
          all.map((line) => row(line, id(line.image), digests)),
        ),
      );
    }
    return 0;
  },
};

const age = (image: ImageRecord): string =>
  image.created === 0 ? 'N/A' : `${formatDuration(Date.now() - image.created)} ago`;

function row({ repository, tag, image }: ListedImage, id: string, digests: boolean): string[] {
  return [repository, tag, ...(digests ? [image.manifestDigest] : []), id, age(image), formatBytes(image.size)];
}

function asJson({ repository, tag, image }: ListedImage, id: string): Record<string, unknown> {
  return {
    Repository: repository,
    Tag: tag,
    ID: id,
    Digest: image.manifestDigest,
    CreatedAt: new Date(image.created).toISOString(),
    CreatedSince: age(image),
    Size: formatBytes(image.size),
  };
}
