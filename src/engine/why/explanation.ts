import type { Cause } from './cause.ts';
import { ENDED } from './causes/ended.ts';
import { HINTS } from './causes/hints.ts';
import { KILLED } from './causes/killed.ts';
import { STARTS } from './causes/start.ts';
import { STATES } from './causes/state.ts';
import type { WhyFacts } from './facts.ts';

export interface NamedCause extends Cause {
  /** Such as `out-of-memory`; scripts may rely on it. */
  id: string;
}

/** The one table of causes: the first that holds is the answer. */
const CAUSES = { ...STATES, ...STARTS, ...KILLED, ...ENDED };

/** What holds of a container, the answer first, then what may stand behind it or beside it. */
export function explain(facts: WhyFacts): NamedCause[] {
  const named = ([id, look]: readonly [string, (typeof CAUSES)[string]]): NamedCause[] => {
    const cause = look?.(facts);
    return cause === undefined ? [] : [{ id, ...cause }];
  };
  const answer = Object.entries(CAUSES).flatMap(named).slice(0, 1);
  const order = ['certain', 'likely', 'possible'];
  const beside = Object.entries(HINTS)
    .flatMap(named)
    .toSorted((a, b) => order.indexOf(a.certainty) - order.indexOf(b.certainty));
  return [...answer, ...beside];
}

/** The names of all causes. */
export const CAUSE_IDS: readonly string[] = [...Object.keys(CAUSES), ...Object.keys(HINTS)];
