import { existsSync } from 'node:fs';
import { Fault } from '#base/fault.ts';
import type { Graph } from '#store/graph/graph.ts';
import { blobName } from '#store/load/content.ts';
import { familiarName, formatReference, parseReference, type Reference } from '#store/reference.ts';
import { content, distributable, documentFile, layoutFiles, type EntryName } from '#store/save/layout-files.ts';
import { writeDirectory } from '#store/save/directory.ts';
import type { SavedFile } from '#store/save/save.ts';
import { tarOf } from '#store/save/tar.ts';
import { dirBlobName, dirDocumentName } from './dir-source.ts';
import type { CopySource, CopyTarget } from './port.ts';
import { writeArchive } from './write-archive.ts';

/** What a user writes after the path: a tag, or a whole name, which goes under containerd's annotation as well. */
export function entryName(reference: string | undefined): EntryName | undefined {
  if (reference === undefined) return undefined;
  const whole = /[/:]/.test(reference) ? nameIn(reference) : undefined;
  return { ref: reference, ...(whole === undefined ? {} : { whole: formatReference(whole) }) };
}

export function ociArchiveTarget(path: string, reference: string | undefined): CopyTarget {
  return {
    write: (graph, source, { signal }) =>
      writeArchive(path, tarOf(layoutFiles(graph, source, entryName(reference))), signal),
  };
}

/** As `save` writes it: a layout that has docker's description as well. One image, as that knows no more. */
export function dockerArchiveTarget(path: string, reference: string | undefined): CopyTarget {
  const name = reference === undefined ? undefined : neededName(reference);
  return {
    write: async (graph, source, { signal }) => {
      if (existsSync(path)) {
        throw new Fault('alreadyExists', `copy to docker-archive:${path}: there is a file, and it is not added to`, {
          hint: 'Name another file, or remove this one.',
        });
      }
      const whole = name === undefined ? undefined : formatReference(name);
      const entry = name === undefined || whole === undefined ? undefined : { ref: name.tag ?? whole, whole };
      const files = layoutFiles(graph, source, entry);
      await writeArchive(path, tarOf([...files.slice(0, 2), dockerFile(graph, name), ...files.slice(2)]), signal);
    },
  };
}

/** One image or index in a new or empty directory, as skopeo's `dir:` has it. */
export function dirTarget(path: string): CopyTarget {
  return { write: (graph, source) => writeDirectory(path, dirFiles(graph, source)) };
}

function dirFiles({ root, documents, blobs }: Graph, source: CopySource): SavedFile[] {
  return [
    documentFile('version', Buffer.from('Directory Transport Version: 1.1\n')),
    ...documents.map((document) =>
      documentFile(document === root ? 'manifest.json' : dirDocumentName(document.digest), document.bytes),
    ),
    ...distributable(blobs).map((blob) => ({
      name: dirBlobName(blob.digest),
      size: blob.size,
      content: content(source, blob),
    })),
  ];
}

function dockerFile({ images, rootKind }: Graph, name: Reference | undefined): SavedFile {
  const [image] = images;
  if (rootKind !== 'image' || image === undefined) {
    throw new Fault('unsupported', 'copy to a docker-archive: it holds images, no indexes or artifacts', {
      hint: 'Copy to an oci-archive, or one platform only.',
    });
  }
  const { config, layers } = image.manifest;
  const description = {
    Config: blobName(config.digest),
    RepoTags: name === undefined ? null : [familiarName(name)],
    Layers: layers.map(({ digest }) => blobName(digest)),
  };
  return documentFile('manifest.json', Buffer.from(JSON.stringify([description])));
}

function neededName(reference: string): Reference {
  const name = parseReference(reference);
  if (name.tag !== undefined && name.digest === undefined) return name;
  throw new Fault('invalid', `copy to docker-archive with the name ${reference}: it needs a tag, and no digest`);
}

function nameIn(reference: string): Reference | undefined {
  try {
    return parseReference(reference);
  } catch {
    return undefined;
  }
}
