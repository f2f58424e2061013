/**
 * The one table of who may import whom (docs: DESIGN.md, "Layers"). oxlint.config.ts turns it into lint rules and
 * test/layers.test.ts reads the sources against it, type imports included.
 */
export const LAYERS = ['base', 'kernel', 'runtime', 'store', 'engine', 'doors'] as const;
export type Layer = (typeof LAYERS)[number];

/** A layer may always import itself (by its `#` name or `./`); a door is a layer of its own. */
export const MAY_IMPORT: Readonly<Record<Layer, readonly Layer[]>> = {
  base: [],
  kernel: ['base'],
  runtime: ['base', 'kernel'],
  store: ['base', 'kernel'],
  engine: ['base', 'kernel', 'runtime', 'store'],
  doors: ['base', 'kernel', 'runtime', 'engine'],
};

/** Folders of src/doors; doors never import each other. */
export const DOORS = ['cli', 'docker', 'cri', 'web', 'lib', 'registry'] as const;

/** The only place that sees every layer and reads the environment. */
export const COMPOSITION_ROOT = 'src/main.ts';

/** Layers that `layer` must not name in an import. */
export const forbiddenTo = (layer: Layer): Layer[] =>
  LAYERS.filter((other) => other !== layer && !MAY_IMPORT[layer].includes(other));
