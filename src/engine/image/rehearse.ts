import type { Engine } from '#engine/engine.ts';

/** Does it in a transaction that is rolled back, so that what is told is what would happen. */
export function rehearsed<T>({ database }: Pick<Engine, 'database'>, work: () => T): T {
  const told: T[] = [];
  const back = new Error('only a rehearsal');
  try {
    database.transaction(() => {
      told.push(work());
      throw back;
    });
  } catch (error) {
    if (error !== back) throw error;
  }
  return told[0] as T;
}
