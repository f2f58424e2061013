import type { LaunchResult } from '#kernel/launcher.ts';

/**
 * What the front did with stored plans before any TypeScript ran (front/stored.h): missing where the runtime has no
 * front, and then none are made either.
 */
export interface StoredPlans {
  /** Names the executable; the plans of another one are not used. */
  build: string;
  /** Whether a plan was looked for that was not there, or did not hold any more. */
  looked: '' | 'missing' | 'stale';
  /** What the first process of a container reported after `start` had let it go, which is done then. */
  released?: Buffer;
  /** How a stored plan ended that has something to tell: it has been executed. */
  ended?: LaunchResult;
}
