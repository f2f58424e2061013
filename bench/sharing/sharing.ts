import { debianImage } from '#tools/image/debian.ts';
import { pushImage } from '#tools/image/push.ts';
import type { TestRegistry } from '#tools/registry.ts';
import { layeredImage } from '#bench/layered-image.ts';
import type { Section } from '#bench/report.ts';
import { fillHomes, memoryOf, pullOf, pushOf, saveLoadOf, type SharedImage } from './sections.ts';
import { type SharingWorld, sharingWorld } from './world.ts';

export interface SharingPlace {
  /** Where the images are pulled from. */
  registry: TestRegistry;
  /** On the scratch disk. */
  directory: string;
  /** On tmpfs. */
  run: string;
}

interface Prepared {
  world: SharingWorld;
  images: readonly SharedImage[];
}

/** The parts of the benchmark about bringing images from one place to another; engines start with the first of them. */
export function sharing(place: SharingPlace) {
  let prepared: Promise<Prepared> | undefined;
  let filled = false;
  const open = (): Promise<Prepared> => (prepared ??= prepare(place));
  const openFilled = async (): Promise<Prepared> => {
    const ready = await open();
    if (!filled) fillHomes(ready.world, ready.images);
    filled = true;
    return ready;
  };
  const ofEach = async (ready: Promise<Prepared>, measure: typeof pullOf): Promise<Section[]> => {
    const { world, images } = await ready;
    return images.map((image) => measure(world, image));
  };
  const parts = {
    pull: () => ofEach(open(), pullOf),
    push: () => ofEach(openFilled(), pushOf),
    'save-load': () => ofEach(openFilled(), saveLoadOf),
    'sharing-memory': () => ofEach(openFilled(), memoryOf).then((sections) => sections.slice(-1)),
  };
  return { parts, stop: async () => (await prepared)?.world[Symbol.asyncDispose]() };
}

async function prepare({ registry, directory, run }: SharingPlace): Promise<Prepared> {
  const made = [
    { name: 'debian', what: 'the Debian image', make: debianImage, rounds: 3 },
    { name: 'layered', what: 'an image of 11 layers', make: layeredImage, rounds: 3 },
  ];
  const images: SharedImage[] = [];
  for (const { name, what, make, rounds } of made) {
    const image = make();
    await pushImage(registry.url, name, '1', image);
    const packed = [...image.blobs.values()].reduce((sum, { length }) => sum + length, 0);
    const size = `${what} (${(packed / 1e6).toFixed(0)} MB packed)`;
    images.push({ name: `${registry.host}/${name}:1`, what: size, rounds });
  }
  return { world: await sharingWorld(directory, run), images };
}
