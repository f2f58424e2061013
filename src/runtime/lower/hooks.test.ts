import { describe, expect, test } from 'bun:test';
import { CLONE } from '#kernel/linux.ts';
import type { Step } from '#kernel/plan.ts';
import type { HookKind, Spec } from '#runtime/spec/spec.ts';
import { lowerContainer } from './container.ts';
import { lowerHooks } from './hooks.ts';
import { all, CONTEXT, program, spec } from './lowering.fixture.ts';

const hooks = (...kinds: HookKind[]): Partial<Spec> => ({
  hooks: Object.fromEntries(kinds.map((kind) => [kind, [{ path: `/${kind}` }]])),
});
const PATHS = { go: '/state/go', report: '/state/report' };

const ops = (steps: readonly Step[]): string[] =>
  steps
    .filter(({ op }) =>
      ['wait', 'post', 'hook', 'pivot', 'release', 'awaitGo', 'supervise', 'exec', 'setns'].includes(op),
    )
    .map((step) => (step.op === 'hook' ? step.path : step.op));

describe('hooks', () => {
  test('are told the state, cut where the pid goes', () => {
    const config = spec({ ...hooks('createRuntime', 'poststop'), annotations: { a: 'b' } });
    const [made] = all(lowerHooks(config, 'createRuntime', { id: 'x', bundle: '/b' }), 'hook');
    expect(JSON.parse(`${made?.head}7${made?.tail}`)).toEqual({
      ociVersion: config.ociVersion,
      id: 'x',
      status: 'creating',
      pid: 7,
      bundle: '/b',
      annotations: { a: 'b' },
    });
    expect(made).toMatchObject({ argv: ['/createRuntime'], env: [], timeout: 0, origin: 'hooks.createRuntime[0]' });
    const [stopped] = all(lowerHooks(config, 'poststop', { id: 'x', bundle: '/b' }), 'hook');
    expect(JSON.parse(stopped?.head ?? '')).toEqual({
      ociVersion: config.ociVersion,
      id: 'x',
      status: 'stopped',
      bundle: '/b',
      annotations: { a: 'b' },
    });
    expect(stopped).toMatchObject({ onError: 'warn' });
    expect(made?.onError).toBeUndefined();
  });

  test('stand where the specification wants them; the limits are in force before any of them', () => {
    const config = spec(
      hooks('prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'),
    );
    const { plan } = lowerContainer(config, { ...CONTEXT, paths: PATHS });
    const main = program(plan, 'main');
    expect(ops(main)).toEqual([
      'wait',
      'wait',
      '/prestart',
      '/createRuntime',
      'post',
      'post',
      'wait',
      'release',
      '/poststart',
      'supervise',
    ]);
    expect(main.findLastIndex((step) => step.op === 'write')).toBeLessThan(
      main.findIndex((step) => step.op === 'hook'),
    );
    expect(ops(program(plan, 'init'))).toEqual([
      'post',
      'post',
      'wait',
      '/createContainer',
      'pivot',
      'wait',
      'post',
      'awaitGo',
      '/startContainer',
      'exec',
    ]);
  });

  test('a created container leaves poststart to its start', () => {
    const { plan } = lowerContainer(spec(hooks('poststart')), { ...CONTEXT, mode: 'hold', paths: PATHS });
    expect(ops(program(plan, 'main'))).not.toContain('/poststart');
  });

  test('a configuration without hooks has the plan that it always had', () => {
    const without = lowerContainer(spec(), CONTEXT).plan;
    expect(lowerContainer(spec({ hooks: { prestart: [], poststop: [{ path: '/x' }] } }), CONTEXT).plan).toEqual(
      without,
    );
  });

  test('hooks of the runtime are not in a pid namespace that the container joins', () => {
    const namespaces = [{ type: 'mount' as const }, { type: 'pid' as const, path: '/p' }];
    const { plan } = lowerContainer(spec(hooks('createRuntime'), {}, { namespaces }), CONTEXT);
    const main = program(plan, 'main');
    const back = main.findIndex((step) => step.op === 'setns' && step.slot === 'own.pids');
    expect(main[back]).toMatchObject({ flags: CLONE.newpid });
    expect(back).toBeGreaterThan(main.findIndex((step) => step.op === 'clone'));
    expect(back).toBeLessThan(main.findIndex((step) => step.op === 'hook'));
  });

  test('hooks that look at the root find it where the bundle says', () => {
    const at = (kind: HookKind): (string | undefined)[] =>
      all(program(lowerContainer(spec(hooks(kind)), { ...CONTEXT, paths: PATHS }).plan, 'init'), 'attachAt').map(
        (step) => step.path,
      );
    expect(at('createContainer')).toEqual(['/bundle/rootfs']);
    expect(at('poststart')).toEqual(['/']);
  });
});
