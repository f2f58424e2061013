import { parseReference, formatReference } from '#store/reference.ts';
import type { Engine } from '#engine/engine.ts';
import { hereOrRegistry, type PlaceAccess } from '#engine/image/content-place.ts';

/** A manifest or index as it is written: the store's by this name, or else a registry's. */
export async function inspectManifest(engine: Engine, name: string, access: PlaceAccess): Promise<unknown> {
  const { root } = await engine.store.documents(hereOrRegistry(engine.store, name, access), false);
  return JSON.parse(root.bytes.toString());
}

/** Docker's `--verbose`: each manifest with its descriptor and the name that fetches it; a list for an index. */
export async function inspectVerbosely(engine: Engine, name: string, access: PlaceAccess): Promise<unknown> {
  const { root, entries } = await engine.store.documents(hereOrRegistry(engine.store, name, access), true);
  const json = JSON.parse(root.bytes.toString()) as { manifests?: { digest: string; platform?: object }[] };
  const described = (document: typeof root, platform: object | undefined): object => ({
    Ref: refOf(name, document.digest),
    Descriptor: {
      mediaType: document.mediaType,
      digest: document.digest,
      size: document.bytes.length,
      ...(platform === undefined ? {} : { platform }),
    },
    Raw: document.bytes.toString('base64'),
    [document.mediaType.includes('docker') ? 'SchemaV2Manifest' : 'OCIManifest']: JSON.parse(
      document.bytes.toString(),
    ) as unknown,
  });
  if (json.manifests === undefined) return described(root, undefined);
  return entries.map((entry, at) => described(entry, json.manifests?.[at]?.platform));
}

function refOf(name: string, digest: string): string {
  try {
    return `${formatReference(parseReference(name.replace(/^docker:\/\//, '').replace(/@.*$/, '')))}@${digest}`;
  } catch {
    return digest;
  }
}
