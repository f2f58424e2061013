import { Fault } from '#base/fault.ts';
import { packContents } from '#engine/container/copy/host.ts';
import { unpackCopy } from '#engine/container/copy/unpack.ts';
import { ownIdentity } from '#engine/container/ownership.ts';
import type { Engine } from '#engine/engine.ts';
import { unwrap } from '#store/archive/unwrap.ts';
import { decideAlone, VolumeBusy } from './busy.ts';
import { dataDirectory } from './data.ts';
import { volumeRecords, type VolumeRecord } from './record.ts';
import { findVolume } from './remove.ts';

type Chunks = AsyncIterable<Uint8Array>;

/** Writes what is in a volume as a tar archive. */
export async function exportVolume(
  engine: Engine,
  name: string,
  write: (archive: Chunks) => Promise<void>,
): Promise<void> {
  const doing = `export volume ${name}`;
  const record = findVolume(engine, name);
  const directory = dataDirectory(engine, record, doing);
  await write(unlessRemoved(engine, record, doing, packContents(engine.launcher, directory)));
}

/** What is taken away while it is read reads as if it were empty, so the archive has no end then. */
async function* unlessRemoved(
  engine: Engine,
  record: VolumeRecord,
  doing: string,
  archive: Chunks,
): AsyncGenerator<Uint8Array> {
  let last: Uint8Array | undefined;
  for await (const chunk of archive) {
    if (last !== undefined) yield last;
    last = chunk;
  }
  needThere(engine, record, doing);
  if (last !== undefined) yield last;
}

export function needThere(
  { database }: Pick<Engine, 'database'>,
  { name, created }: VolumeRecord,
  doing: string,
): void {
  const now = volumeRecords(database).get(name);
  if (now?.created === created && now.phase !== 'removing') return;
  throw new Fault('conflict', `${doing}: it was removed meanwhile`);
}

/** Unpacks a tar archive, compressed or not, over what is in a volume. Gives the bytes of its files. */
export async function importVolume(engine: Engine, name: string, archive: Chunks): Promise<number> {
  const doing = `import volume ${name}`;
  const records = volumeRecords(engine.database);
  const directory = dataDirectory(engine, findVolume(engine, name), doing);
  // Kept from being removed, and from being filled by a container's image at the same time.
  await decideAlone(engine, doing, () => {
    if (findVolume(engine, name).phase !== 'ready') throw new VolumeBusy(name);
    records.setPhase(name, 'filling', ownIdentity());
  });
  let bytes = 0;
  try {
    await unwrap(archive, async (plain) => {
      bytes = await unpackCopy(engine.launcher, plain, directory, {});
    });
  } finally {
    records.setPhase(name, 'ready', undefined);
  }
  return bytes;
}
