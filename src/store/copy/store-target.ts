import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import type { Digest } from '#store/digest.ts';
import type { GraphImage } from '#store/graph/graph.ts';
import type { Manifest } from '#store/image/manifest.ts';
import { bestMember } from '#store/index/find.ts';
import { keepGraph } from '#store/index/keep.ts';
import { unpackMember } from '#store/index/unpack.ts';
import type { StoreParts } from '#store/parts.ts';
import { formatPlatform, type Platform } from '#store/platform.ts';
import { inWorkArea } from '#store/pull/in-work-area.ts';
import { installImage } from '#store/pull/install.ts';
import { describeImage, LARGEST_CONFIG, type ResolvedImage } from '#store/pull/resolve.ts';
import { gatherVerified } from '#store/pull/verified.ts';
import { formatReference, type Reference } from '#store/reference.ts';
import type { CopySource, CopyTarget } from './port.ts';

export interface StoreNames {
  names: readonly Reference[];
  /** It comes from the repository of these names, so it is known there by its digest as well. */
  pulled?: boolean;
}

/**
 * The store. An image comes unpacked, as `pull` brings it; an index or artifact is kept as it is, and of an index the
 * image for `wanted` is unpacked, if there is one.
 */
export function storeTarget(parts: StoreParts, called: StoreNames, wanted: Platform): CopyTarget {
  const { names } = called;
  return {
    write: async (graph, source, { signal, onProgress = () => undefined }) => {
      await inWorkArea(parts, 'copy to the store', async ({ owner, path }) => {
        const area = join(path, 'content');
        const common = { owner, area, onProgress, signal, source };
        mkdirSync(area, { mode: 0o700 });
        if (graph.rootKind === 'image') {
          const image = await describe(graph.images[0], source);
          return installImage(parts, { ...common, image, names: allNames(called, graph.root.digest) });
        }
        if (names.length === 0) throw new Fault('invalid', 'keep an index without a name', { hint: 'Name it.' });
        return keepGraph(parts, { ...common, graph, names });
      });
      if (graph.rootKind === 'image') return;
      await unpackWanted(parts, called, wanted, { onProgress, ...(signal === undefined ? {} : { signal }) });
    },
  };
}

/** The image of the index for this platform gets the index's names, as a pull of it alone would give them. */
async function unpackWanted(
  parts: StoreParts,
  called: StoreNames,
  wanted: Platform,
  options: Pick<NonNullable<Parameters<typeof unpackMember>[2]>, 'onProgress' | 'signal'>,
): Promise<void> {
  const [name] = called.names;
  const text = name === undefined ? '' : formatReference(name);
  const index = parts.indexes.find(text);
  const member = bestMember(index?.members ?? [], wanted);
  if (index === undefined || member === undefined) return;
  const names = allNames(called, index.id);
  await unpackMember(parts, text, { ...options, platform: formatPlatform(wanted), names });
}

function allNames({ names, pulled }: StoreNames, digest: Digest): Reference[] {
  if (pulled !== true) return [...names];
  const byDigest = names.map(({ registry, repository }) => ({ registry, repository, digest }));
  return [...names.filter((name) => name.digest === undefined), ...byDigest];
}

async function describe(image: GraphImage | undefined, source: CopySource): Promise<ResolvedImage> {
  if (image === undefined) throw new Fault('internal', 'copy an image: its graph has none');
  const { document, manifest } = image;
  return describeImage(document, manifest, await readConfig(manifest, source));
}

async function readConfig({ config }: Manifest, source: CopySource): Promise<Buffer> {
  if (config.size <= LARGEST_CONFIG) return gatherVerified(source.blob(config.digest, config.size), config);
  throw new Fault('corrupt', `the image's configuration has ${config.size} bytes, more than ${LARGEST_CONFIG}`);
}
