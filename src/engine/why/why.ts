import type { ContainerRecord } from '#engine/container/record.ts';
import type { Engine } from '#engine/engine.ts';
import { explain, type NamedCause } from './explanation.ts';
import type { WhyFacts } from './facts.ts';
import { gatherFacts } from './gather.ts';

export type { NamedCause } from './explanation.ts';
export type { WhyFacts } from './facts.ts';

export interface Why {
  facts: WhyFacts;
  /** The answer first; never none for a container that has run. */
  causes: NamedCause[];
}

/** Why a container ended, does not run, or could not be started. */
export async function whyContainer(engine: Engine, record: ContainerRecord): Promise<Why> {
  const facts = await gatherFacts(engine, record);
  return { facts, causes: explain(facts) };
}
