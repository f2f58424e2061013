import { posix } from 'node:path';
import { mountedPaths } from './spec.ts';
import type { ContainerOptions } from './options.ts';

/** What is mounted over a container's tree is not part of it: paths in the tree, without a slash in front. */
export function mountedOver(options: ContainerOptions): string[] {
  const paths = mountedPaths(options).map((path) => posix.normalize(`/${path}`).replace(/^\/+|\/+$/g, ''));
  return [...new Set(paths)].filter((path) => path !== '');
}
