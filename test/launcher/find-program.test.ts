/** The step that looks for a program before it is executed. */
import { describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alone, BUILDS, failure, Scene } from './harness.ts';

describe.each(BUILDS)('%s', (binary) => {
  test('the first candidate that may be executed will do; otherwise the most telling one fails', async () => {
    using scene = new Scene(binary);
    const at = (name: string): string => join(scene.dir, name);
    mkdirSync(at('folder'));
    writeFileSync(at('text'), 'no program');
    writeFileSync(at('script'), '#!/bin/sh\n');
    chmodSync(at('script'), 0o755);
    const look = async (...names: string[]) => {
      const found = failure(await scene.run(alone({ op: 'findProgram', candidates: names.map(at), name: 'x' })));
      return found === undefined ? 'found' : `${found.name} ${found.path.slice(scene.dir.length + 1)}`;
    };
    expect(await look('none', 'text', 'script')).toBe('found');
    expect(await look('none', 'other')).toBe('ENOENT none');
    expect(await look('none', 'text', 'other')).toBe('EACCES text');
    expect(await look('folder')).toBe('EACCES folder');
    expect(await look('text/below')).toBe('ENOTDIR text/below');
    expect(await look()).toBe('ENOENT ');
  });
});
