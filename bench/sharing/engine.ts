/** What one engine's command line says for each thing that is measured. */
export interface Store {
  env?: Record<string, string>;
  pull(image: string): string[];
  /** The words that give the image the name, where that is a step of its own. */
  push(image: string, target: string): string[];
  /** To standard output. */
  save(image: string): string[];
  /** From standard input. */
  load(): string[];
  /** Nothing is in it afterwards. Not timed. */
  empty(): void;
}

export interface SharingEngine {
  name: string;
  /** It packs each layer anew to push or save it, which takes many times longer than all else: that is measured once. */
  packs?: true;
  /** Holds the images that are pushed and saved. */
  home: Store;
  /** What they are pulled and loaded into; emptied before each run. */
  fresh: Store;
}
