/** The root with the image of real software in it: one for each file of tests, or, with `shared.ts` loaded first, one for all. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outcome } from '#test/cli/world.ts';
import { softwareTar } from '#tools/image/software.ts';
import { clearRoot, rememberRoot } from '#tools/leftover-roots.ts';

export const IMAGE = 'software:1';

const SHARED = Symbol.for('sampan.test.software');
type Global = typeof globalThis & { [SHARED]?: Promise<string> | 'wanted' };
const everywhere = globalThis as Global;

export async function openRoot(): Promise<string> {
  if (everywhere[SHARED] === undefined) return makeRoot();
  if (everywhere[SHARED] === 'wanted') everywhere[SHARED] = makeRoot();
  return everywhere[SHARED];
}

export function closeRoot(root: string): void {
  if (everywhere[SHARED] === undefined) remove(root);
}

export function shareRoot(): void {
  everywhere[SHARED] = 'wanted';
}

export async function closeShared(): Promise<void> {
  const shared = everywhere[SHARED];
  if (shared instanceof Promise) remove(await shared);
}

const forget = new Map<string, () => void>();

async function makeRoot(): Promise<string> {
  const tar = softwareTar();
  const root = mkdtempSync(join(tmpdir(), 'sampan-software-'));
  forget.set(root, rememberRoot(root));
  const { status, stderr } = await outcome(root, ['import', tar, IMAGE], { timeout: 240_000 });
  if (status !== 0) throw new Error(`import ${tar}: ${stderr}`);
  return root;
}

function remove(root: string): void {
  clearRoot(root);
  forget.get(root)?.();
}
