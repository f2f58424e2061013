import { shortId } from '#base/ids.ts';
import { formatBytes } from '#base/units.ts';
import { imageLayers } from '#engine/image/tree.ts';
import { print } from '#doors/cli/io.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `image tree`: the layers of an image, bottom first, as podman draws them. */
export const imageTree: Verb = {
  flags: {},
  args: [1, 1],
  act: async ({ args: [name = ''], io, engine: open }) => {
    const engine = await open();
    const { image, layers } = imageLayers(engine, name);
    const tags = layers.at(-1)?.topOf ?? [];
    print(io, `Image ID: ${shortId(image.configDigest)}`);
    print(io, `Tags:     [${tags.join(' ')}]`);
    print(io, `Size:     ${formatBytes(image.size)}`);
    print(io, layers.length === 0 ? 'No Image Layers' : 'Image Layers');
    for (const [at, { id, size, topOf }] of layers.entries()) {
      const branch = at === layers.length - 1 ? '└──' : '├──';
      const top = topOf.length === 0 ? '' : ` Top Layer of: [${topOf.join(' ')}]`;
      print(io, `${branch} ID: ${shortId(id)} Size: ${formatBytes(size)}${top}`);
    }
    return 0;
  },
};
