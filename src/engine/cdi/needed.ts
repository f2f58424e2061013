import { isFault } from '#base/fault.ts';
import { CDI_DEFAULTS } from '#engine/config/cdi.ts';
import type { Engine } from '#engine/engine.ts';

export const cdiDirectories = ({ config }: Pick<Engine, 'config'>): readonly string[] =>
  (config?.cdi ?? CDI_DEFAULTS).directories;

/**
 * Loads what a start of these containers needs beside the usual, before anything is begun: the front becomes the large
 * program there, which begins anew.
 */
export async function loadForStart(engine: Engine, names: readonly string[]): Promise<void> {
  const needs = names.some((name) => {
    try {
      return engine.containers.find(name).options.cdiDevices !== undefined;
    } catch (error) {
      // That is told of when its turn comes.
      if (isFault(error)) return false;
      throw error;
    }
  });
  if (needs) await import('#engine/cdi/inject.ts');
}
