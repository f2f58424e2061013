// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;

/** Text of somebody else's, for a terminal: what would move its cursor, or begin another line, is a question mark. */
export const visible = (text: string): string => text.replace(CONTROLS, '?');
