/** Every option of docker's has a place in the comparison, be it that of the version that is stored or of the one that is here. */
import { describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { REFUSED_OPTIONS } from '#doors/cli/engine/refused-options.ts';
import { compare } from '#tools/beside/compare.ts';
import { absenceOf } from '#tools/beside/differences.ts';
import { readHelp, storedHelp } from '#tools/beside/help.ts';
import { dockerProgram } from './docker-mock.ts';

const { docker } = storedHelp();

test('every option of docker is here, or the comparison says why not', async () => {
  for (const [command, options] of Object.entries(docker.commands)) {
    const { options: compared } = await compare(command, options);
    expect([command, compared.length]).toEqual([command, Object.keys(options).length]);
  }
});

test('an option that is neither here nor explained is found, and so is one that is both', async () => {
  const refused = async (command: string, option: string, short = ''): Promise<string> =>
    compare(command, { [option]: short }).then(
      () => 'nothing was said',
      (error: Error) => error.message,
    );
  expect(await refused('run', 'brand-new')).toContain('does not say why');
  expect(await refused('run', 'user', 'x')).toContain('is -x in docker and -u here');
  expect(await refused('no-such-command', 'user')).toContain('no command');
  expect(absenceOf('create', 'link')).toBe(REFUSED_OPTIONS['link']?.why ?? '');
  expect(absenceOf('stop', 'publish-all')).toBeUndefined();
});

test('help texts are read as docker and podman write them', () => {
  expect(
    readHelp(
      'Usage: x\n\nOptions:\n      --add-host list     Add a\n                          --not-one\n  -a, --attach list   Attach\n      --help      Print\n',
    ),
  ).toEqual({ 'add-host': '', attach: 'a' });
});

const program = dockerProgram();
describe.skipIf(program === undefined)('the docker of this machine', () => {
  for (const command of Object.keys(docker.commands)) {
    test(`has no option of ${command} that is not compared`, async () => {
      const { stdout } = spawnSync(program ?? '', ['container', command, '--help'], { encoding: 'utf8' });
      await compare(command, readHelp(stdout));
    });
  }

  test('and the short commands have the options of the long ones', () => {
    for (const [short, long] of [
      ['run', 'run'],
      ['create', 'create'],
      ['ps', 'ls'],
    ] as const) {
      const { stdout } = spawnSync(program ?? '', [short, '--help'], { encoding: 'utf8' });
      expect([short, readHelp(stdout)]).toEqual([short, { ...docker.commands[long] }]);
    }
  });
});
