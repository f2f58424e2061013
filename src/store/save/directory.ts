import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join, resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import type { SavedFile } from './save.ts';

/** Writes the files below a new or empty directory: aside first, so that it is there as a whole or not at all. */
export async function writeDirectory(target: string, files: readonly SavedFile[]): Promise<void> {
  const path = resolve(target);
  await refuseFull(path);
  const aside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(aside);
    for (const file of files) await writeFile(aside, file);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
}

async function refuseFull(path: string): Promise<void> {
  const there = await readdir(path).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new Fault('invalid', `save to ${path}`, { cause, field: '--output' });
  });
  if (there.length === 0) return;
  throw new Fault('alreadyExists', `save to ${path}: there is something in this directory`, {
    field: '--output',
    hint: 'Name a directory that is empty or not there yet.',
  });
}

async function writeFile(directory: string, { name, content }: SavedFile): Promise<void> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, 'wx', 0o644);
  try {
    for await (const chunk of content) await handle.writeFile(chunk);
  } finally {
    await handle.close();
  }
}
