import { Fault } from '#base/fault.ts';
import { algorithmOf, Digester } from '#store/digest.ts';
import type { Descriptor } from '#store/image/manifest.ts';

/** Is told each chunk before it is passed on, and how many bytes there have been. */
export type Witness = (chunk: Uint8Array, done: number) => Promise<void> | void;

/**
 * Passes content on while checking it against its descriptor. Throws `corrupt` at the first byte too many, at an early
 * end, and at the end when the digest is another one.
 */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
  witness: Witness = () => undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digester = new Digester(algorithmOf(digest));
  for await (const chunk of source) {
    if (digester.size + chunk.length > size) {
      throw tooLarge({ digest, size });
    }
    digester.update(chunk);
    await witness(chunk, digester.size);
    yield chunk;
  }
  if (digester.size !== size) {
    throw new Fault('corrupt', `the blob ${digest} ends after ${digester.size} of ${size} bytes`, {
      facts: { digest, size, done: digester.size },
    });
  }
  const actual = digester.digest();
  if (actual !== digest) {
    throw new Fault('corrupt', `verify the blob ${digest}: its content has the digest ${actual}`, {
      facts: { digest, actual },
    });
  }
}

export function tooLarge({ digest, size }: Pick<Descriptor, 'digest' | 'size'>): Fault {
  return new Fault('corrupt', `the blob ${digest} is larger than the ${size} bytes that the manifest declares`, {
    facts: { digest, size },
  });
}

/** A small verified blob as a whole. */
export async function gatherVerified(source: AsyncIterable<Uint8Array>, descriptor: Descriptor): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of verified(source, descriptor)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
