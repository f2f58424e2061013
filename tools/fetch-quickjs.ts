/**
 * Gets the source of QuickJS, the engine of the front (docs/front.md), from Debian 13 (Debian 12 has none), checked by apt, and
 * unpacks it to .work/cache/quickjs. Does nothing when it is there.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { aptOptions } from './apt-suite.ts';
import { workDirectory } from './places.ts';

const SUITE = 'trixie';
const target = join(workDirectory('cache'), 'quickjs');

function download(aside: string): string {
  const options = aptOptions(SUITE);
  const get = (...words: string[]): void =>
    void execFileSync('apt-get', [...options, ...words], { cwd: aside, stdio: ['ignore', 'ignore', 'pipe'] });
  // _apt may not write to this directory; the files are checked all the same.
  const source = ['source', '--download-only', '-qq', '-o', 'APT::Sandbox::User=root', 'quickjs'];
  try {
    get(...source);
  } catch {
    get('update', '-qq');
    get(...source);
  }
  const archive = readdirSync(aside).find((name) => name.includes('.orig.tar'));
  if (archive === undefined) throw new Error('apt-get source quickjs left no archive');
  return join(aside, archive);
}

if (!existsSync(join(target, 'quickjs.c'))) {
  const aside = mkdtempSync(`${target}.`);
  try {
    execFileSync('tar', ['-xf', download(aside), '-C', aside, '--strip-components=1']);
    rmSync(target, { recursive: true, force: true });
    renameSync(aside, target);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  console.log(`QuickJS of Debian ${SUITE} is in ${target}`);
}
