/** What the front does not do itself: this process becomes the large program, which starts the command anew. */
import { LARGE_NAME } from '#front/commands.ts';
import { host } from './host.ts';

export function becomeLarge(): never {
  return host.become('/proc/self/exe', [LARGE_NAME, ...host.argv.slice(1)]);
}

export const pullWithProgress = becomeLarge;
export const pull = becomeLarge;
export const load = becomeLarge;
export const save = becomeLarge;
export const importImage = becomeLarge;
export const historyOf = becomeLarge;
export const exportSnapshot = becomeLarge;
export const push = becomeLarge;
export const verifyStore = becomeLarge;
export const copyBetween = becomeLarge;
export const unpackMember = becomeLarge;
export const loadAll = becomeLarge;
export const saveAll = becomeLarge;
export const tagsAt = becomeLarge;
export const changeIndex = becomeLarge;
export const documentsAt = becomeLarge;
export const changesOf = becomeLarge;
export const commitTree = becomeLarge;
export const settleImplied = becomeLarge;
export const injectCdi = becomeLarge;
export const foundDevices = becomeLarge;
