import { join } from 'node:path';
import { Fault, isFault } from '#base/fault.ts';
import { openSource, type ContentPlace } from '#store/copy/open.ts';
import type { CopySource } from '#store/copy/port.ts';
import type { Digest } from '#store/digest.ts';
import { asDiskFault } from '#store/disk-fault.ts';
import { checkedDocument, descriptorOf, documentOf, withOwnType, type Document } from '#store/graph/document.ts';
import { manifestFor } from '#store/graph/choose.ts';
import { readGraph, type Graph } from '#store/graph/graph.ts';
import { parseConfigFile } from '#store/image/config.ts';
import { asArray, asObject, parseJson, type JsonObject } from '#store/image/json.ts';
import { isArtifact, isIndex, parseContent } from '#store/image/manifest.ts';
import type { StoreParts } from '#store/parts.ts';
import { parsePlatform, type Platform } from '#store/platform.ts';
import { inWorkArea } from '#store/pull/in-work-area.ts';
import { gatherVerified } from '#store/pull/verified.ts';
import { formatReference, type Reference } from '#store/reference.ts';
import { keepGraph } from './keep.ts';

/** Index as it is written; `manifests` are its entries. */
export type IndexJson = JsonObject;

export interface ChangeRequest {
  /** Tag of the index. */
  name: Reference;
  /** Images to take entries from, with all that they lead to. */
  from: readonly ContentPlace[];
  /** Of an index among them all entries, not the one for `platform`. */
  all: boolean;
  platform?: string;
  /** The new index out of the old one (undefined when there is none) and the entries for `from`. */
  change: (before: IndexJson | undefined, entries: readonly JsonObject[]) => IndexJson;
  signal?: AbortSignal;
}

const MOST_TRIES = 20;

/** Makes or changes an index of the store; gives its digest. Of two at the same time the second works on what the first made. */
export async function changeIndex(parts: StoreParts, request: ChangeRequest): Promise<Digest> {
  const found: Found = { entries: [], owners: new Map() };
  const wanted = request.platform === undefined ? parts.platform : parsePlatform(request.platform);
  const sources: CopySource[] = [];
  try {
    for (const place of request.from) {
      const source = await openSource(parts, place, wanted, request.signal);
      sources.push(source);
      await collectEntries(source, request, wanted, found);
    }
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const digest = await attempt(parts, request, found);
      if (digest !== undefined) return digest;
    }
  } catch (error) {
    throw asDiskFault(error, `change the index ${formatReference(request.name)}`);
  } finally {
    for (const source of sources) await source.close();
  }
  throw new Fault('conflict', `change the index ${formatReference(request.name)}: others keep changing it`);
}

interface Found {
  entries: JsonObject[];
  /** Who has each document and blob. */
  owners: Map<Digest, CopySource>;
}

async function collectEntries(
  source: CopySource,
  { all, signal }: ChangeRequest,
  wanted: Platform,
  found: Found,
): Promise<void> {
  const root = withOwnType(await source.root());
  const parsed = parseContent(root.bytes, root.mediaType);
  const single = all ? root : await manifestFor(root, source, wanted);
  const graph = await readGraph(single, source, signal);
  for (const { digest } of [...graph.documents, ...graph.blobs]) found.owners.set(digest, source);
  const entries = asArray(parseJson(root.bytes, 'index')['manifests'] ?? [], 'manifests of the index').map((entry) =>
    asObject(entry, 'entry of the index'),
  );
  const fitting = entries.filter((entry) => all || entry['digest'] === single.digest);
  if (isIndex(parsed) && fitting.length > 0) found.entries.push(...fitting);
  else found.entries.push(await entryOf(single, graph, source));
}

/** An entry for a manifest, with the platform that its configuration tells. */
async function entryOf(root: Document, graph: Graph, source: CopySource): Promise<JsonObject> {
  const parsed = parseContent(root.bytes, root.mediaType);
  const [image] = graph.images;
  if (isArtifact(parsed)) return { ...descriptorOf(root), artifactType: parsed.artifactType };
  if (image === undefined) return { ...descriptorOf(root) };
  const { config } = image.manifest;
  const bytes = await gatherVerified(source.blob(config.digest, config.size), config);
  const { architecture, os, variant } = parseConfigFile(bytes).platform;
  const json = parseJson(bytes, 'image configuration');
  const more = Object.fromEntries(
    ['os.version', 'os.features'].filter((key) => json[key] !== undefined).map((key) => [key, json[key]]),
  );
  const platform = { architecture, os, ...(variant === undefined ? {} : { variant }), ...more };
  return { ...descriptorOf(root), platform };
}

/** Undefined when another process has changed the index meanwhile. */
async function attempt(parts: StoreParts, request: ChangeRequest, found: Found): Promise<Digest | undefined> {
  const { name, change, signal } = request;
  const text = formatReference(name);
  const before = parts.indexes.find(text);
  if (before?.kind === 'artifact') throw new Fault('conflict', `change the index ${text}: it is an artifact`);
  const json = before === undefined ? undefined : parseJson(await parts.blobs.read(before.id), 'index');
  const root = documentOf(Buffer.from(JSON.stringify(change(json, found.entries))));
  const moved = new Fault('conflict', `change the index ${text}`);
  const isMoved = (): boolean => parts.indexes.find(text)?.id !== before?.id;
  try {
    const graph = await readGraph(root, { document: (descriptor) => documentFor(parts, found, descriptor) }, signal);
    await inWorkArea(parts, moved.message, ({ owner, path }) =>
      keepGraph(parts, {
        graph,
        names: [name],
        source: { blob: (digest, size, rest) => ownerOf(found, digest).blob(digest, size, rest) },
        owner,
        area: join(path, 'content'),
        onProgress: () => undefined,
        signal,
        check: () => {
          if (isMoved()) throw moved;
        },
      }),
    );
    return root.digest;
  } catch (error) {
    if (error === moved || (isFault(error, 'notFound') && isMoved())) return undefined;
    throw error;
  }
}

async function documentFor(
  { blobs }: StoreParts,
  found: Found,
  descriptor: Parameters<CopySource['document']>[0],
): Promise<Document> {
  if (blobs.has(descriptor.digest)) return checkedDocument(await blobs.read(descriptor.digest), descriptor);
  return ownerOf(found, descriptor.digest).document(descriptor);
}

function ownerOf({ owners }: Found, digest: Digest): CopySource {
  const owner = owners.get(digest);
  if (owner !== undefined) return owner;
  throw new Fault('notFound', `change the index: ${digest}, which it leads to, is not in the store any more`, {
    hint: 'Bring the index again: sampan pull --all-platforms.',
    facts: { digest },
  });
}
