import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { newOwner, ownerLives } from '#store/content/work-area.ts';
import { asObject, type JsonObject } from '#store/image/json.ts';
import { directoryContent } from '#store/load/directory-content.ts';
import { REF_NAME } from '#store/load/oci-layout.ts';
import { LAYOUT_FILE, layoutDocument } from '#store/save/documents.ts';
import { contentFiles, documentFile, layoutEntry, layoutIndex } from '#store/save/layout-files.ts';
import type { SavedFile } from '#store/save/save.ts';
import { entryName } from './file-targets.ts';
import { layoutEntries } from './layout-source.ts';
import type { CopyTarget } from './port.ts';
import { writeAside } from './write-aside.ts';

/** What stands before the owner of a file that is not whole yet. */
const DRAFT = '.sampan-';

/**
 * An OCI layout directory, a new one or one that is there: what it has stays, but for an entry of the same name. Files come
 * aside and are renamed, index.json last, so that a reader finds the old state or the new one.
 */
export function layoutTarget(path: string, reference: string | undefined): CopyTarget {
  return {
    write: async (graph, source, { signal }) => {
      await mkdir(path, { recursive: true });
      await clearDrafts(path);
      const isThere = (await stat(join(path, 'index.json')).catch(() => undefined)) !== undefined;
      for (const file of contentFiles(graph, source)) {
        if (signal?.aborted === true) throw new Fault('cancelled', `copy to ${path}`, { cause: signal.reason });
        if (!(await hasFile(path, file))) await putFile(path, file);
      }
      if (!isThere) await putFile(path, documentFile(LAYOUT_FILE, layoutDocument()));
      const entry = layoutEntry(graph, entryName(reference));
      const others = isThere ? await otherEntries(path, graph.root.digest, reference) : [];
      await putFile(path, documentFile('index.json', layoutIndex([...others, entry])));
    },
  };
}

/** Entries that stay: those of another name; without a name, those of other content. */
async function otherEntries(path: string, digest: string, reference: string | undefined): Promise<JsonObject[]> {
  const entries = await layoutEntries(directoryContent(path), `the layout ${path}`);
  return entries.filter((entry) => {
    const named = asObject(entry['annotations'] ?? {}, 'annotations of index.json')[REF_NAME];
    return reference === undefined ? named !== undefined || entry['digest'] !== digest : named !== reference;
  });
}

/** A blob of this name and size was written in this way, so it is whole. */
async function hasFile(directory: string, { name, size }: SavedFile): Promise<boolean> {
  const there = await stat(join(directory, name)).catch(() => undefined);
  return there?.isFile() === true && there.size === size;
}

/** What a killed copy has left. */
async function clearDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const dead = name.startsWith(DRAFT) && !ownerLives(name.slice(DRAFT.length));
    if (dead) await rm(join(directory, name), { force: true });
  }
}

async function putFile(directory: string, { name, content }: SavedFile): Promise<void> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeAside({ path, aside: join(directory, `${DRAFT}${newOwner()}`), mode: 0o644 }, content);
}
