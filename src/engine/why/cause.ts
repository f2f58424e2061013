import type { WhyFacts } from './facts.ts';

/** How sure a cause is: the kernel or our own records say so; all fits; or one might look there. */
export type Certainty = 'certain' | 'likely' | 'possible';

export interface Cause {
  certainty: Certainty;
  /** One sentence. */
  says: string;
  /** What it is concluded from, a sentence or line each. */
  evidence: readonly string[];
  /** What to do next. */
  hint?: string;
}

/** Undefined when it was not this. */
export type Look = (facts: WhyFacts) => Cause | undefined;

const make =
  (certainty: Certainty) =>
  (says: string, evidence: readonly string[] = [], hint?: string): Cause => ({
    certainty,
    says,
    evidence,
    ...(hint === undefined ? {} : { hint }),
  });

export const certain = make('certain');
export const likely = make('likely');
export const possible = make('possible');
