import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseReport } from '#kernel/report.ts';
import { compileContainer } from '#engine/container/compile.ts';
import { noteOf, readFailure, type FailureNote } from '#engine/container/failure-note.ts';
import { imageOf } from '#engine/container/image-of.ts';
import { containerDirectory, type ContainerRecord } from '#engine/container/record.ts';
import { startFault } from '#engine/container/start-words.ts';
import type { ContainerState } from '#engine/container/state.ts';
import type { Engine } from '#engine/engine.ts';

/**
 * The last failed start: as its caller was told, or, when the monitor was alone with it, from what the launcher reported,
 * by the same plan made again.
 */
export async function lastFailure(
  engine: Engine,
  record: ContainerRecord,
  { status, exit }: ContainerState,
): Promise<FailureNote | undefined> {
  const directory = containerDirectory(engine.root, record.id);
  const noted = readFailure(directory);
  const isNewer = status === 'exited' && exit?.error !== undefined && exit.finished > (noted?.time ?? 0);
  if (!isNewer) return noted;
  try {
    const failure = parseReport(readFileSync(join(directory, 'failure'))).find(({ kind }) => kind === 'fail');
    const { plan } = await compileContainer(engine, {
      id: record.id,
      options: record.options,
      image: imageOf(engine, record),
      root: engine.store.snapshotter(record.snapshotter).mounts(record.id),
      snapshotter: record.snapshotter,
      directory,
    });
    return noteOf(startFault(record, plan, failure), exit.finished);
  } catch {
    return noted; // The image or a source may be gone by now.
  }
}
