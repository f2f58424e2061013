import { workDirectory } from '#tools/places.ts';
import { join } from 'node:path';

/** Our program around Debian's library of runtime-tools; `make conformance` builds it from judge.go. */
export const JUDGE = join(workDirectory('conformance'), 'judge');
