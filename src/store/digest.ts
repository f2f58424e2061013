import { createHash, type Hash } from 'node:crypto';
import { Fault } from '#base/fault.ts';

/** `sha256:<64 hex digits>` or `sha512:<128>`, OCI image-spec descriptor.md. */
export type Digest = `${'sha256' | 'sha512'}:${string}`;

const FORM = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: string): text is Digest {
  return FORM.test(text);
}

/** Throws `invalid`, or the kind given, for anything but a registered algorithm with lower-case digits. */
export function parseDigest(text: unknown, what: string, kind: 'invalid' | 'corrupt' = 'invalid'): Digest {
  if (typeof text === 'string' && isDigest(text)) return text;
  throw new Fault(kind, `${what}: ${JSON.stringify(text)} is not a sha256 or sha512 digest`);
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A digest with the algorithm of `like`. */
export function digestLike(like: Digest, bytes: Uint8Array): Digest {
  const digester = new Digester(algorithmOf(like));
  digester.update(bytes);
  return digester.digest();
}

export function algorithmOf(digest: Digest): 'sha256' | 'sha512' {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** Hashes and counts a stream. */
export class Digester {
  readonly algorithm: 'sha256' | 'sha512';
  readonly #hash: Hash;
  size = 0;

  constructor(algorithm: 'sha256' | 'sha512' = 'sha256') {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.size += bytes.length;
  }

  digest(): Digest {
    return `${this.algorithm}:${this.#hash.digest('hex')}`;
  }
}

/**
 * The identity of a stack of layers (image-spec config.md, "Layer ChainID"): the digest of the chain below and the
 * layer's own diffID. One chain ID for each layer, bottom first.
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}
