import { describe, expect, test } from 'bun:test';
import { Fault } from '#base/fault.ts';
import { checkSpec } from './check-spec.ts';
import { defaultSpec } from './default-spec.ts';

type Tree = { [key: string]: any };

/** The default configuration as JSON.parse gives it, changed. */
function changed(change: (spec: Tree) => void): unknown {
  const spec = JSON.parse(JSON.stringify(defaultSpec())) as Tree;
  change(spec);
  return spec;
}

function refusal(change: (spec: Tree) => void): [string, string | undefined] {
  try {
    checkSpec(changed(change));
  } catch (error) {
    if (error instanceof Fault) return [error.kind, error.field];
    throw error;
  }
  throw new Error('was accepted');
}

test('the default configuration passes', () => {
  expect(checkSpec(changed(() => {})).process?.args).toEqual(['sh']);
});

test('null counts as absent, unknown properties are ignored, a user of zeros may be left out', () => {
  const spec = checkSpec(
    changed((it) => {
      it['linux'].seccomp = null;
      it['process'].rlimits = null;
      it['future'] = { deep: 1 };
      delete it['process'].user;
    }),
  );
  expect(spec.process?.user).toEqual({ uid: 0, gid: 0 });
});

describe('refused, with the field', () => {
  const cases: [string, string, (spec: Tree) => void][] = [
    ['invalid', 'process.args', (it) => (it['process'].args = [])],
    ['invalid', 'process.args', (it) => (it['process'].args = 'sh')],
    ['invalid', 'process.args[0]', (it) => (it['process'].args = [''])],
    ['invalid', 'process.cwd', (it) => (it['process'].cwd = 'tmp')],
    ['invalid', 'process.cwd', (it) => delete it['process'].cwd],
    ['invalid', 'process.env[1]', (it) => (it['process'].env = ['A=1', 'B'])],
    ['invalid', 'process.args[1]', (it) => (it['process'].args = ['a', 'b\0c'])],
    ['invalid', 'process.user.uid', (it) => (it['process'].user.uid = -1)],
    ['invalid', 'process.rlimits[0].type', (it) => (it['process'].rlimits[0].type = 'RLIMIT_FUN')],
    ['invalid', 'process.rlimits[0].soft', (it) => (it['process'].rlimits[0].soft = 9999)],
    ['invalid', 'process.rlimits[1]', (it) => it['process'].rlimits.push(it['process'].rlimits[0])],
    ['invalid', 'process.oomScoreAdj', (it) => (it['process'].oomScoreAdj = 1001)],
    ['invalid', 'root', (it) => delete it['root']],
    ['invalid', 'mounts[2].destination', (it) => delete it['mounts'][2].destination],
    ['invalid', 'linux.namespaces[0].type', (it) => (it['linux'].namespaces[0].type = 'pids')],
    ['invalid', 'linux.namespaces', (it) => it['linux'].namespaces.push({ type: 'pid' })],
    ['invalid', 'linux.namespaces', (it) => (it['linux'].namespaces = [{ type: 'pid' }])],
    ['invalid', 'linux.uidMappings', (it) => it['linux'].namespaces.push({ type: 'user' })],
    ['invalid', 'hostname', (it) => (it['linux'].namespaces = [{ type: 'mount' }])],
    ['invalid', 'linux.resources.devices[0].access', (it) => (it['linux'].resources.devices[0].access = 'rx')],
    ['invalid', 'linux.rootfsPropagation', (it) => (it['linux'].rootfsPropagation = 'sometimes')],
    ['invalid', 'linux.seccomp.defaultAction', (it) => (it['linux'].seccomp = { defaultAction: 'SCMP_ACT_PRAY' })],
    ['unsupported', 'ociVersion', (it) => (it['ociVersion'] = '2.0.0')],
    ['unsupported', 'hooks', (it) => (it['hooks'] = { prestart: [{ path: '/bin/true' }] })],
    ['unsupported', 'process.apparmorProfile', (it) => (it['process'].apparmorProfile = 'docker-default')],
    ['unsupported', 'linux.intelRdt', (it) => (it['linux'].intelRdt = { closID: 'x' })],
    ['unsupported', 'linux.namespaces[6]', (it) => it['linux'].namespaces.push({ type: 'time' })],
    ['unsupported', 'linux.resources.blockIO', (it) => (it['linux'].resources.blockIO = { weight: 100 })],
    ['unsupported', 'mounts[0].uidMappings', (it) => (it['mounts'][0].uidMappings = [{ size: 1 }])],
  ];
  for (const [kind, field, change] of cases) {
    test(`${field} (${change
      .toString()
      .replace(/^.*?=> ?/, '')
      .slice(0, 60)})`, () => {
      expect(refusal(change)).toEqual([kind, field]);
    });
  }
});

test('sections that ask for nothing are no reason to refuse', () => {
  checkSpec(
    changed((it) => {
      it['hooks'] = {};
      it['linux'].resources.blockIO = { weight: 0, weightDevice: [] };
      it['process'].apparmorProfile = '';
    }),
  );
});
