import { Fault } from '#base/fault.ts';
import type { SpooledArchive } from '#store/archive/spool.ts';
import { imagesOfArchive } from '#store/load/load.ts';
import type { FoundImage } from '#store/load/content.ts';
import { documentOf } from '#store/graph/document.ts';
import type { Platform } from '#store/platform.ts';
import { familiarName, formatReference } from '#store/reference.ts';
import type { CopySource } from './port.ts';

/** An image of an archive as `docker save` makes them: the one of this name, or the only one. */
export async function dockerArchiveSource(
  archive: SpooledArchive,
  wanted: Platform,
  where: string,
  reference: string | undefined,
  close: () => Promise<void>,
): Promise<CopySource> {
  const found = (await imagesOfArchive(archive, wanted)) ?? [];
  const { image, names, source } = choose(found, where, reference);
  const { manifest, manifestBytes, manifestDigest, configBytes } = image;
  const isConfig = (digest: string): boolean => digest === manifest.config.digest;
  return {
    name: names[0],
    root: () => Promise.resolve(documentOf(manifestBytes, manifestDigest)),
    document: (descriptor) => {
      throw new Fault('corrupt', `${where} has no document ${descriptor.digest}`);
    },
    blob: (digest, size, rest) =>
      isConfig(digest) ? once(configBytes.subarray(rest?.start ?? 0)) : source.blob(digest, size, rest),
    part: ({ digest }, start, end) =>
      isConfig(digest) ? once(configBytes.subarray(start, end)) : source.part(digest, start, end),
    takeFile: (digest) => (isConfig(digest) ? undefined : source.takeFile?.(digest)),
    close,
  };
}

function choose(found: readonly FoundImage[], where: string, reference: string | undefined): FoundImage {
  const words = ({ names }: FoundImage): string[] =>
    names.flatMap((name) => [familiarName(name), formatReference(name)]);
  const fitting = reference === undefined ? found : found.filter((one) => words(one).includes(reference));
  const [first, second] = fitting;
  if (first !== undefined && second === undefined) return first;
  const list = found.flatMap(({ names }) => names.map(familiarName)).join(', ') || 'none';
  if (first === undefined) {
    throw new Fault(
      found.length === 0 ? 'corrupt' : 'notFound',
      `${where} has no image${reference === undefined ? '' : ` "${reference}"`}`,
      {
        hint: `Its names are: ${list}.`,
      },
    );
  }
  throw new Fault('invalid', `${where} has several images`, { hint: `Say which, after a colon: ${list}.` });
}

async function* once(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
