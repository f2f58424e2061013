import { tagImage, untagImage } from '#engine/image/tag.ts';
import type { Verb } from '#doors/cli/verb.ts';

/** `tag`: a further name for an image. */
export const tag: Verb = {
  flags: {},
  args: [2, 2],
  act: async ({ args: [source = '', target = ''], engine }) => {
    tagImage(await engine(), source, target);
    return 0;
  },
};

/** `untag`: takes names away and keeps the image. */
export const untag: Verb = {
  flags: {},
  args: [1, Infinity],
  act: async ({ args: [image = '', ...names], engine }) => {
    untagImage(await engine(), image, names);
    return 0;
  },
};
