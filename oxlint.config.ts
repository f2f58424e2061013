import { defineConfig, type OxlintOverride } from 'oxlint';
import { COMPOSITION_ROOT, DOORS, forbiddenTo, LAYERS } from './tools/layers.ts';

interface Pattern {
  regex: string;
  message: string;
}

// The glob `../*` misses `../http/server.ts`, so every pattern is a regular expression (without lookahead).
const UPWARD: Pattern = { regex: '^\\.\\.(/|$)', message: 'Use the # name of the file instead of ../' };
const FOREIGN: Pattern = {
  regex: '^(?:[^n#.]|n[^o]|no[^d]|nod[^e]|node[^:])',
  message: 'Sources use node: modules and Web standards only, so that they run on Node and on Bun',
};

// Doors may use the packages that package.json names as dependencies; test/layers.test.ts knows them by name.
const BUN: Pattern = { regex: '^bun(:|$)', message: FOREIGN.message };

const forbid = (rule: string, names: readonly string[], message: string): Pattern[] =>
  names.length === 0 ? [] : [{ regex: `^#${rule}(?:${names.join('|')})/`, message }];

const outward = (names: readonly string[], layer: string): Pattern[] =>
  forbid('', [...names, 'tools', 'test'], `${layer} must not import this layer; the table is tools/layers.ts`);

/** Rules of one folder: sources, and its tests, which may use the test runner and the test tools too. */
function folder(path: string, foreign: Pattern, patterns: Pattern[]): OxlintOverride[] {
  const restrict = (more: Pattern[]): OxlintOverride['rules'] & object => ({
    'no-restricted-imports': ['error', { patterns: more }],
  });
  return [
    { files: [`${path}/**/*.ts`], rules: restrict([UPWARD, foreign, ...patterns]) },
    {
      files: [`${path}/**/*.test.ts`, `${path}/**/suite.ts`, `${path}/**/*.fixture.ts`, `${path}/**/testing/**`],
      rules: restrict([
        UPWARD,
        ...patterns.map(({ regex, message }) => ({ regex: regex.replace('|tools|test', ''), message })),
      ]),
    },
  ];
}

const layers = LAYERS.filter((layer) => layer !== 'doors').flatMap((layer) =>
  folder(`src/${layer}`, FOREIGN, outward(forbiddenTo(layer), layer)),
);
const doors = DOORS.flatMap((door) => {
  const others = DOORS.filter((other) => other !== door);
  return folder(`src/doors/${door}`, BUN, [
    ...outward(forbiddenTo('doors'), 'a door'),
    ...forbid('doors/', others, 'Doors never import each other'),
  ]);
});

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'node', 'promise'],
  categories: { correctness: 'error' },
  ignorePatterns: ['dist/**', '.work/**', 'node_modules/**'],
  rules: {
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-explicit-any': 'error',
    // Records of functions are passed about by design; unknown values are shown by String().
    'typescript/unbound-method': 'off',
    'typescript/no-base-to-string': 'off',
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'no-restricted-imports': ['error', { patterns: [UPWARD] }],
    'max-lines': ['error', { max: 400 }],
    'max-lines-per-function': ['error', { max: 60 }],
  },
  overrides: [
    { files: ['src/**/*.ts'], rules: { 'node/no-process-env': 'error' } },
    { files: [COMPOSITION_ROOT], rules: { 'node/no-process-env': 'off' } },
    ...layers,
    ...doors,
    // A describe callback holds a whole suite; its file still obeys max-lines.
    {
      files: ['**/*.test.ts', '**/suite.ts', 'test/node/**'],
      // `await expect(...).rejects` is how a test waits, whatever the types of bun:test say.
      rules: { 'max-lines-per-function': 'off', 'typescript/await-thenable': 'off' },
    },
    { files: ['**/*.gen.ts'], rules: { 'max-lines': 'off' } },
  ],
});
