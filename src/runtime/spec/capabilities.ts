/** Names of all capabilities, for those who write specifications; the index is the number. */
export { CAPABILITIES as CAPABILITY_NAMES } from '#kernel/capabilities.gen.ts';
