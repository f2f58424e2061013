import { Fault, isFault } from '#base/fault.ts';
import { magicOf } from '#store/archive/decompress.ts';
import type { SpooledFile } from '#store/archive/spool-sink.ts';
import type { SpooledArchive } from '#store/archive/spool.ts';
import { digestOf, type Digest } from '#store/digest.ts';
import { asArray, asObject, asText, asTexts, parseJson, type JsonObject } from '#store/image/json.ts';
import type { Manifest } from '#store/image/manifest.ts';
import { describeImage } from '#store/pull/resolve.ts';
import { parseReference, type Reference } from '#store/reference.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from '#store/registry/media-types.ts';
import { spooledLayers } from './archive-content.ts';
import type { FoundImage, LoadContent } from './content.ts';
import { headOf } from './head.ts';

const MOST_IMAGES = 1000;
const MOST_LAYERS = 1000;

/** The images of `docker save` and its like, which has no manifests of its own and is whole; undefined when it is none. */
export async function readDockerArchive(
  content: LoadContent,
  archive: SpooledArchive,
): Promise<FoundImage[] | undefined> {
  const bytes = await content.document('manifest.json');
  if (bytes === undefined) return undefined;
  const entries = parseList(bytes);
  if (entries.length > MOST_IMAGES) throw new Fault('corrupt', `read manifest.json: it has ${entries.length} entries`);
  const images: FoundImage[] = [];
  for (const entry of entries) images.push(await readEntry(content, archive, entry));
  return images;
}

/** Names that `manifest.json` has for images that an OCI layout in the same archive describes, by image ID. */
export async function namesBeside(content: LoadContent, archive: SpooledArchive): Promise<Map<Digest, Reference[]>> {
  const bytes = await content.document('manifest.json');
  const names = new Map<Digest, Reference[]>();
  for (const entry of bytes === undefined ? [] : parseList(bytes)) {
    const config = archive.get(asText(entry['Config'], 'Config in manifest.json') ?? '');
    if (config !== undefined) names.set(config.digest, [...(names.get(config.digest) ?? []), ...namesOf(entry)]);
  }
  return names;
}

function parseList(bytes: Buffer): JsonObject[] {
  // JSON whose top is a list: the reader takes objects.
  const { list } = parseJson(Buffer.concat([Buffer.from('{"list":'), bytes, Buffer.from('}')]), 'manifest.json');
  return asArray(list, 'manifest.json').map((entry) => asObject(entry, 'entry of manifest.json'));
}

function namesOf(entry: JsonObject): Reference[] {
  return asTexts(entry['RepoTags'], 'RepoTags in manifest.json').map((text) => {
    try {
      return parseReference(text);
    } catch (cause) {
      if (!isFault(cause)) throw cause;
      throw new Fault('corrupt', 'read manifest.json', { cause });
    }
  });
}

async function readEntry(content: LoadContent, archive: SpooledArchive, entry: JsonObject): Promise<FoundImage> {
  const configName = asText(entry['Config'], 'Config in manifest.json') ?? '';
  const config = await content.document(configName);
  if (config === undefined) throw missing(configName);
  const layerNames = asTexts(entry['Layers'], 'Layers in manifest.json');
  if (layerNames.length > MOST_LAYERS) throw new Fault('corrupt', `the image has ${layerNames.length} layers`);
  const layers = layerNames.map((name) => {
    const file = archive.get(name);
    if (file === undefined) throw missing(name);
    return file;
  });
  const manifest = await manifestOf(config, layers);
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, ...manifest }));
  const byDigest = new Map(layers.map((layer) => [layer.digest, layer]));
  return {
    image: describeImage({ bytes, digest: digestOf(bytes) }, manifest, config),
    names: namesOf(entry),
    source: spooledLayers((digest) => byDigest.get(digest)),
  };
}

/** The manifest that the archive lacks. The image ID, which is the configuration's digest, does not change. */
async function manifestOf(config: Buffer, files: readonly SpooledFile[]): Promise<Manifest> {
  const layers: Manifest['layers'][number][] = [];
  for (const { path, digest, size } of files) {
    layers.push({ mediaType: OCI_LAYER[magicOf(await headOf(path))], digest, size });
  }
  return { config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length }, layers };
}

function missing(name: string): Fault {
  return new Fault('corrupt', `the archive has no file ${JSON.stringify(name)}, which manifest.json speaks of`);
}
