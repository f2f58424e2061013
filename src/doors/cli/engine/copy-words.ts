import type { PhaseWords } from './layer-progress.ts';

/** What becomes of a blob that is copied. */
export const COPY_WORDS: Readonly<Record<string, PhaseWords>> = {
  waiting: { text: 'Waiting', silent: true },
  download: { text: 'Downloading', sized: true },
  upload: { text: 'Copying', sized: true },
  unpack: { text: 'Extracting' },
  exists: { text: 'Already exists', whole: true },
  mounted: { text: 'Mounted from', whole: true },
  skipped: { text: 'Skipped foreign layer', whole: true },
  done: { text: 'Copied', whole: true },
};
