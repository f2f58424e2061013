import { rmdirSync } from 'node:fs';
import { rdtLeftovers } from '#runtime/lower/intel-rdt.ts';
import type { Spec } from '#runtime/spec/spec.ts';
import type { Runtime } from './runtime.ts';

/** Removes the groups of resctrl that were made for a container. Most have none, and nothing is read for them. */
export function removeRdt(runtime: Runtime, spec: Pick<Spec, 'linux'>, id: string): void {
  if (spec.linux?.intelRdt === undefined) return;
  for (const path of rdtLeftovers(spec.linux, id, runtime.facts())) {
    try {
      rmdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      runtime.warn(`remove ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
