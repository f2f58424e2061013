import { describe, expect, test } from 'bun:test';
import { PROPAGATION } from '#kernel/linux.ts';
import type { Linux, Spec } from '#runtime/spec/spec.ts';
import { lowerContainer } from './container.ts';
import type { LowerContext } from './context.ts';
import { all, CONTEXT, inOrder, is, one, program, spec } from './lowering.fixture.ts';

type Namespaces = NonNullable<Linux['namespaces']>;

const bind = { destination: '/data', type: 'bind', source: '/data', options: ['rbind'] };
const sources = new Map([['/data', 'directory' as const]]);
const plan = (namespaces: Namespaces, context: Partial<LowerContext> = {}, top: Partial<Spec> = {}) =>
  lowerContainer(spec({ mounts: [bind], ...top }, {}, { namespaces }), { ...CONTEXT, sources, ...context });

const JOINED: Namespaces = [{ type: 'mount', path: '/run/mnt' }, { type: 'pid' }];

describe('in the namespace of the host', () => {
  const cases: [string, Namespaces, Partial<LowerContext>][] = [
    ['as none is named', [{ type: 'pid' }], {}],
    ['by its path', [{ type: 'mount', path: '/proc/1/ns/mnt' }], { hostNamespaces: new Set(['mount']) }],
  ];
  for (const [name, namespaces, context] of cases) {
    test(`${name}: everything lies below one private mount, the host’s own are not touched`, () => {
      const { plan: made, warnings } = plan(namespaces, { ...context, noPivot: { unmount: ['/proc'] } });
      const init = program(made, 'init');
      const before = init.slice(0, init.findIndex(is('chroot')));
      for (const op of ['propagation', 'pivot', 'umount', 'mount', 'remountRoot'] as const) {
        expect(all(before, op)).toEqual([]);
      }
      expect(one(init, 'attachAt')).toMatchObject({ mount: 'root', path: '/bundle/rootfs' });
      expect(inOrder(init, is('mountAttr'), is('attachAt'), is('mountAttr'), is('attach'), is('chroot'))).toBe(true);
      expect(warnings).toContainEqual(expect.stringContaining('in sight of the host'));
    });
  }

  test('sources are cut off: to take them off must take nothing off the host', () => {
    const main = program(plan([{ type: 'pid' }]).plan, 'main');
    const cut = all(main, 'mountAttr').filter(({ propagation }) => propagation === PROPAGATION.slave);
    expect(cut.map(({ slot }) => slot)).toEqual(all(main, 'tree').map(({ out }) => out));
    expect(cut).toHaveLength(2);
  });

  test('a user namespace, and an overlay root, are refused', () => {
    const refused = expect.objectContaining({ kind: 'unsupported', field: 'linux.namespaces' });
    expect(() => plan([{ type: 'user', path: '/run/user' }])).toThrow(refused);
    const root = { kind: 'overlay', base: '/b', lower: ['l'], upper: 'u', work: 'w' } as const;
    expect(() => plan([{ type: 'pid' }], { root })).toThrow(refused);
  });
});

describe('in a namespace joined by its path', () => {
  test('nothing is looked up in it: what is mounted is opened by the first program', () => {
    const { plan: made } = plan(JOINED);
    const main = program(made, 'main');
    expect(inOrder(main, is('tree'), is('tree'), is('clone'))).toBe(true);
    const init = program(made, 'init');
    const joined = init.findIndex((step) => step.op === 'setns' && step.slot === 'ns.mount');
    expect(joined).toBeGreaterThan(0);
    const after = init.slice(joined);
    expect(all(after, 'tree')).toEqual([]);
    expect(all(after, 'open')).toEqual([]);
    expect(inOrder(after, is('propagation'), is('attachAt'), is('pivot'))).toBe(true);
    expect(one(after, 'attachAt').path).toBe('/');
  });

  test('hooks that would be looked up there are refused', () => {
    const hooks = { createContainer: [{ path: '/bin/true' }] };
    expect(() => plan(JOINED, {}, { hooks })).toThrow(expect.objectContaining({ field: 'linux.namespaces' }));
  });
});
