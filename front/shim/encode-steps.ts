import { ByteWriter } from '#kernel/byte-writer.ts';
import { encodeSteps as encodeOneByOne } from '#kernel/encode-steps.ts';
import type { Plan } from '#kernel/plan.ts';
import { STEPS } from '#kernel/steps.ts';
import { host } from './host.ts';

const HIGH = 2 ** 32;

/** In one call of C. A plan that it does not take is left to the portable code, which says what is wrong with it. */
export function encodeSteps(out: ByteWriter, plan: Plan): number {
  // A writer of another kind sees every text.
  if (out.constructor !== ByteWriter) return encodeOneByOne(out, plan);
  let slots = 0;
  const done = out.fill((buffer, at) => {
    const result = host.putSteps(buffer, at, plan.programs, STEPS, plan.inherited ?? []);
    if (result < 0) return result;
    slots = Math.floor(result / HIGH);
    return result % HIGH;
  });
  return done ? slots : encodeOneByOne(out, plan);
}
