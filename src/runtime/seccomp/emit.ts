import type { Assembler, Label } from './assembler.ts';
import { EVERY_BIT, type Node, type Test } from './decision.ts';

/** Where a decision begins: with the word loaded already, or loading it. */
interface Places {
  loaded?: Label;
  loading?: Label;
}

/** Writes decisions into a filter; each is there once, and no word is loaded that is at hand. */
export class Emitter {
  readonly #out: Assembler;
  readonly #places = new Map<Test, Places>();

  constructor(out: Assembler) {
    this.#out = out;
  }

  /** `at` and `mask` say what the accumulator holds on the way there. */
  emit(node: Node, at = -1, mask = EVERY_BIT): Label {
    if (typeof node === 'number') return this.#out.ret(node);
    let places = this.#places.get(node);
    if (places === undefined) this.#places.set(node, (places = {}));
    if (node.at === at && node.mask === mask) return (places.loaded ??= this.#question(node));
    return (places.loading ??= this.#load(node, places));
  }

  #question({ at, mask, code, value, yes, no }: Test): Label {
    const whenYes = this.emit(yes, at, mask);
    return this.#out.jump(code, value, whenYes, this.emit(no, at, mask));
  }

  #load(node: Test, places: Places): Label {
    const out = this.#out;
    let next = (places.loaded ??= this.#question(node));
    if (node.mask !== EVERY_BIT) next = out.and(node.mask, next);
    return out.load(node.at, next);
  }
}
