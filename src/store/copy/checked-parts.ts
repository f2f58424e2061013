import { Fault } from '#base/fault.ts';
import { algorithmOf, Digester } from '#store/digest.ts';
import type { Descriptor } from '#store/image/manifest.ts';
import type { CopySource } from './port.ts';

/**
 * Parts of a blob for an upload, checked as they go by: parts come in order, and again from an earlier place after a cut.
 * Before the last byte is given, all must have the right digest, so a place never gets the whole of a wrong blob from us.
 */
export function checkedParts(
  source: Pick<CopySource, 'part'>,
  blob: Descriptor,
): (start: number, end: number) => AsyncIterable<Uint8Array> {
  const digester = new Digester(algorithmOf(blob.digest));
  let verdict: Fault | undefined;
  const look = (chunk: Uint8Array, at: number): void => {
    const fresh = chunk.subarray(Math.max(0, digester.size - at));
    if (at > digester.size || fresh.length === 0) return;
    digester.update(fresh);
    if (digester.size === blob.size) verdict = wrong(blob, digester.digest());
  };
  return async function* (start, end) {
    let at = start;
    for await (const chunk of source.part(blob, start, end)) {
      const wanted = chunk.subarray(0, end - at);
      look(wanted, at);
      if (verdict !== undefined) throw verdict;
      at += wanted.length;
      yield wanted;
      if (at === end) return;
    }
    if (at < end) throw new Fault('corrupt', `the blob ${blob.digest} ends after ${at} of ${blob.size} bytes`);
  };
}

function wrong({ digest }: Descriptor, actual: string): Fault | undefined {
  if (actual === digest) return undefined;
  return new Fault('corrupt', `verify the blob ${digest}: its content has the digest ${actual}`, {
    facts: { digest, actual },
  });
}
