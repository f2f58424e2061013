import { expect, test } from 'bun:test';
import { stackTree } from './stack-mount.ts';

test('several layers are mounted and taken off again; one alone needs no overlay', () => {
  const stack = { base: '/base', layers: ['2/fs', '1/fs'], kind: 'directory' } as const;
  const steps = stackTree(stack, 'mount.0', '/point');
  expect(steps.map(({ op }) => op)).toEqual(['open', 'mount', 'open', 'tree', 'umount', 'mountAttr', 'close', 'close']);
  expect(steps.find(({ op }) => op === 'mount')).toMatchObject({
    target: '/point',
    flags: 1,
    data: 'redirect_dir=off,metacopy=off,lowerdir=2/fs:1/fs',
  });
  const alone = stackTree({ ...stack, layers: ['1/fs'] }, 'mount.0', undefined);
  expect(alone.map(({ op }) => op)).toEqual(['open', 'tree', 'mountAttr', 'close']);
  expect(alone[0]).toMatchObject({ path: '/base/1/fs' });
  expect(() => stackTree(stack, 'mount.0', undefined)).toThrow('there is no place for it');
});

test('a part of it is found below its root, whatever links say', () => {
  const steps = stackTree({ base: '/base', layers: ['2', '1'], path: 'etc', kind: 'directory' }, 'mount.0', '/point');
  const found = steps.find((step) => step.op === 'open' && step.path === 'etc');
  // RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS
  expect(found).toMatchObject({ dir: 'mount.0.top', resolve: 0x0a });
  expect(steps.find(({ op }) => op === 'tree')).toMatchObject({ dir: 'mount.0.found', path: '' });
});
