import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const noBuffer = {
  'no-restricted-globals': ['error', { name: 'Buffer', message: 'Bytes are Uint8Array; browsers have no Buffer.' }],
  'no-restricted-imports': ['error', { paths: ['buffer', 'node:buffer'] }],
};

const noThis = { selector: 'ThisExpression', message: 'Factories return plain objects of closures; classes are for errors only.' };

const noBarrels = {
  'no-restricted-syntax': [
    'error',
    { selector: 'ExportAllDeclaration', message: 'Name each export: the public list is written by hand.' },
    { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' },
    { selector: 'ExportSpecifier[exported.name="default"]', message: 'Exports have names.' },
    noThis,
  ],
};

export default defineConfig(
  globalIgnores(['dist', 'build', 'coverage', '.cache', '**/node_modules']),
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      ...noBuffer,
      ...noBarrels,
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/array-type': 'error',
      '@typescript-eslint/consistent-type-definitions': 'error',
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true, boolean: true } }],
      '@typescript-eslint/prefer-optional-chain': 'error',
      // Numbers in messages are plain; a union of literals needs no String().
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
      // `void` before a call says that its value is not wanted, whatever that is.
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Ports and adapters are plain objects of closures: their functions travel alone, and nothing but errors says `this`.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A port is asynchronous by its type, also where one implementation needs no await.
      '@typescript-eslint/require-await': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['src/cli/**', 'rollup.config.ts', 'scripts/**', 'bench/**', 'examples/**', 'test/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: { '@typescript-eslint/no-unnecessary-condition': 'off', '@typescript-eslint/no-unsafe-type-assertion': 'off' },
  },
  {
    files: ['src/**/errors.ts', '*.config.ts', '*.config.js'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
