/** Version of the executable, the library and `sampan --version`. */
export const VERSION = '0.1.0';
