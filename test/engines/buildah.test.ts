/** Debian's buildah by `--runtime` and its OCI isolation. */
import { describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { directoryOf, IMAGE, imageArchive, missing, OURS, run, runOnTerminal } from './world.ts';

const reason = missing('buildah');

describe.skipIf(reason !== undefined)(`buildah${reason === undefined ? '' : `: skipped, ${reason}`}`, () => {
  const place = reason === undefined ? directoryOf('buildah') : '';
  const stores = ['--root', `${place}/root`, '--runroot', `${place}/run`, '--storage-driver', 'overlay'];
  const buildah = (...args: string[]) => run(['buildah', ...stores, ...args]);
  const ISOLATED = ['--runtime', OURS, '--isolation', 'oci', '--network', 'host'];
  const container = (...args: string[]) => buildah('run', ...ISOLATED, ...args);

  test('run: output, status, a terminal, a user, a program that is not there', () => {
    expect(buildah('pull', `oci-archive:${imageArchive(IMAGE, ['sh'])}`).status).toBe(0);
    expect(buildah('from', '--pull-never', '--name', 'work', IMAGE).status).toBe(0);
    expect(container('work', '--', 'sh', '-c', 'echo hi >/made; cat /made; exit 9')).toMatchObject({
      status: 9,
      stdout: 'hi\n',
    });
    expect(container('--network', 'none', 'work', '--', 'cat', '/made').stdout).toBe('hi\n');
    expect(container('--user', 'app', 'work', '--', 'id', '-un').stdout).toBe('app\n');
    const onTerminal = ['buildah', ...stores, 'run', ...ISOLATED, '--tty', 'work', '--', 'tty'];
    expect(runOnTerminal(onTerminal).stdout).toContain('/dev/pts/0\n');
    expect(container('work', '--', 'nosuch').stderr).toContain('executable file not found');
  });

  test('a build, a commit, and removal', () => {
    expect(buildah('commit', 'work', 'made').status).toBe(0);
    const file = join(place, 'Containerfile');
    writeFileSync(file, 'FROM localhost/made\nRUN cat /made && echo built >/built\nRUN ["cat","/built"]\n');
    const built = buildah('bud', ...ISOLATED, '--pull-never', '-t', 'b', '-f', file, directoryOf('context'));
    expect(built).toMatchObject({ status: 0, stdout: expect.stringMatching(/\nhi\n(.*\n)*built\n/) });
    writeFileSync(file, 'FROM localhost/made\nRUN exit 3\n');
    expect(buildah('bud', ...ISOLATED, '--pull-never', '-f', file, directoryOf('context')).status).not.toBe(0);
    expect(buildah('rm', '--all').status).toBe(0);
    expect(buildah('rmi', '--force', '--all').status).toBe(0);
  });
});
