import { execFileSync } from 'node:child_process';
import { section } from '#conformance/check.ts';
import { equal } from '#conformance/claims.ts';
import { JUDGE } from '#conformance/judge.ts';

export const BUNDLE = section('config.md, all', {
  'spec: what the runtime writes satisfies the library of runtime-tools': (trial) => {
    trial.must('spec');
    equal(execFileSync(JUDGE, ['bundle', trial.directory], { encoding: 'utf8' }), '');
  },
});
