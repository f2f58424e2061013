import { readFileSync, writeFileSync } from 'node:fs';

/** Writes a generated file; with --check on the command line, only fails when the tree holds something else. */
export function generated(pathFromRoot: string, content: string): void {
  const url = new URL(`../${pathFromRoot}`, import.meta.url);
  if (!process.argv.includes('--check')) writeFileSync(url, content);
  else if (readFileSync(url, 'utf8') !== content) {
    console.error(`${pathFromRoot} is not what its generator writes; run make generate`);
    process.exitCode = 1;
  }
}
