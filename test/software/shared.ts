/** Loaded before the tests (`bun test --preload`): importing the image takes longer than most of them. */
import { afterAll } from 'bun:test';
import { closeShared, shareRoot } from './root.ts';

shareRoot();
afterAll(closeShared);
