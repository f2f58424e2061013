import { writeSync } from 'node:fs';

/** Writes to a descriptor at once: the streams of `process` cost more to load than most verbs take. */
export function outputTo(fd: number): { write(text: string): void } {
  return {
    write: (text) => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    },
  };
}
