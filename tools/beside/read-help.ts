/**
 * Writes tools/beside/help.json: the names of all options of docker's and podman's commands for containers, as their own
 * help lists them on this machine. To be run by hand when a newer docker is to be compared with.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TREE } from '#tools/places.ts';
import { readHelp } from './help.ts';

const COMMANDS =
  'attach commit cp create diff exec export inspect kill logs ls pause port prune rename restart rm run start stats stop top unpause update wait'.split(
    ' ',
  );

const said = (program: string, ...words: string[]): string => spawnSync(program, words, { encoding: 'utf8' }).stdout;
const version = (program: string): string => /\d+\.\d+\.\d+/.exec(said(program, '--version'))?.[0] ?? '';
const all = (program: string): object => ({
  version: version(program),
  commands: Object.fromEntries(COMMANDS.map((name) => [name, readHelp(said(program, 'container', name, '--help'))])),
});

const help = { docker: all('docker'), podman: all('podman') };
writeFileSync(join(TREE, 'tools/beside/help.json'), `${JSON.stringify(help, undefined, 1)}\n`);
