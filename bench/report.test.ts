import { describe, expect, test } from 'bun:test';
import { section } from './report.ts';

const samples = new Map([
  ['ours', [10, 20, 30]],
  ['theirs', [40, 40, 40]],
]);

describe('report', () => {
  test('shows medians, our ratio and whether the goal is reached', () => {
    const text = section({ title: 'T', about: 'A', samples, goals: [{ against: 'theirs', factor: 0.5 }] });
    expect(text).toContain('| ours | 20.0 | 12.0 | 28.0 | 3 |  |');
    expect(text).toContain('| theirs | 40.0 | 40.0 | 40.0 | 3 | 0.50 |');
    expect(text).toContain('**0.50**, reached');
  });

  test('a missed goal says so', () => {
    const text = section({ title: 'T', about: 'A', samples, goals: [{ against: 'theirs', factor: 0.49 }] });
    expect(text).toContain('**0.50**, missed');
  });

  test('a goal may be against the best of all others', () => {
    const three = new Map([...samples, ['slow', [90, 90, 90]], ['best', [25, 25, 25]]]);
    const text = section({ title: 'T', about: 'A', samples: three, goals: [{ ofBest: 0.7 }] });
    expect(text).toContain('at most 0.7 × best: **0.80**, missed');
  });

  test('a goal may be an amount over that of another', () => {
    const goals = [
      { atMost: 10, over: 'theirs' },
      { atMost: -21, over: 'theirs' },
    ];
    const text = section({ title: 'T', about: 'A', samples, goals });
    expect(text).toContain('at most 10 ms more than theirs: **-20.0**, reached');
    expect(text).toContain('at most -21 ms more than theirs: **-20.0**, missed');
  });

  test('a goal may be an amount of its own', () => {
    const goals = [{ atMost: 20 }, { atMost: 19 }];
    const text = section({ title: 'T', about: 'A', samples, goals, unit: 'KB' });
    expect(text).toContain('at most 20 KB: **20.0**, reached');
    expect(text).toContain('at most 19 KB: **20.0**, missed');
  });
});
