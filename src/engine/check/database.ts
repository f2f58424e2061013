import type { Rule, Wrong } from './rule.ts';
import { wrong } from './rule.ts';

const broken = (pragma: string): ((survey: { rows<T>(sql: string): T[] }) => Wrong[]) => {
  return ({ rows }) =>
    rows<Record<string, string>>(`PRAGMA ${pragma}`)
      .map((row) => Object.values(row)[0] ?? '')
      .filter((said) => said !== 'ok')
      .map((problem) => ({ subject: 'sampan.db', problem }));
};

const REMEDY = 'Bring the database back from a copy, or begin anew: sampan system reset.';

/** The second takes as long as the database is large. */
export const DATABASE_RULES: Readonly<Record<'quick' | 'whole', Readonly<Record<string, Rule>>>> = {
  quick: { database: { look: broken('quick_check'), todo: REMEDY } },
  whole: {
    database: { look: broken('integrity_check'), todo: REMEDY },
    references: {
      look: ({ rows }) =>
        wrong(
          'has a reference that leads nowhere',
          rows<{ table: string }>('PRAGMA foreign_key_check').map(({ table }) => `table ${table}`),
        ),
      todo: REMEDY,
    },
  },
};
