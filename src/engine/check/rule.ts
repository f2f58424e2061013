import type { Engine } from '#engine/engine.ts';
import type { ContainerRecord } from '#engine/container/record.ts';

/** What the rules look at together: read in one transaction, so that no other process changes it meanwhile. */
export interface Survey {
  engine: Engine;
  containers: readonly ContainerRecord[];
  /** Also of containers that are no more, as far back as the log of events goes. */
  everKnown: ReadonlySet<string>;
  rows<T>(sql: string): T[];
}

export interface Wrong {
  /** What is not as it should be: a container's name, a path, a digest. */
  subject: string;
  /** As a sentence goes on after it. */
  problem: string;
}

/** One thing that must be true of a root while nobody is at work on the objects in question. */
export interface Rule {
  look(survey: Survey): Wrong[];
  /** What to do where a repair does not help; `SUBJECT` stands for the subject. */
  todo: string;
  /** Repairs one, beside what every repair does (reconcile.ts of the engine and of the store). Repeatable. */
  mend?(engine: Engine, subject: string): Promise<void>;
  /**
   * What a process does between two of its steps can look like this for a moment, out of any transaction: it has to be seen
   * twice.
   */
  passing?: true;
}

export const wrong = (problem: string, subjects: readonly string[]): Wrong[] =>
  subjects.map((subject) => ({ subject, problem }));
