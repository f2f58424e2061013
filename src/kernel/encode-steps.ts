import type { ByteWriter } from './byte-writer.ts';
import { type Context, encodeStep, Names } from './encode-step.ts';
import type { Plan } from './plan.ts';
import { STEPS } from './steps.ts';

/**
 * All steps of a plan, program by program; returns how many slots they name. The front has this in C
 * (front/shim/encode-steps.ts), as there it is a third of what making a plan costs.
 */
export function encodeSteps(out: ByteWriter, { programs, inherited = [] }: Plan): number {
  const slots = new Names(inherited);
  const numbers = new Map(programs.map((program, index) => [program.name, index]));
  const at: Context = { slots, programs: numbers, text: 'utf8' };
  for (const program of programs) {
    for (const step of program.steps) encodeStep(out, STEPS[step.op], step, step.onError ?? 'fail', at);
  }
  return slots.size;
}
