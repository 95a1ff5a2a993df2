import js from '@eslint/js'
import globals from 'globals'
import tseslint from 'typescript-eslint'

/** The seams: what a folder may not import. `*.node.ts` and `*.page.ts` are entry points of one platform. */
const pure = ['protocol', 'tape', 'session', 'graph', 'layout', 'debug', 'diagnosis']
const noVscode = { name: 'vscode', message: 'Only src/ui and src/extension.ts import vscode.' }
const noNode = { group: ['node:*'], message: 'This folder runs in a browser too; give it what it needs from outside.' }

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', 'test/fixtures/**'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    languageOptions: { globals: globals.node },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off', // typed arrays under noUncheckedIndexedAccess
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      'no-restricted-imports': ['error', { paths: [noVscode] }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/ui/**', 'src/extension.ts', 'test/e2e/host/**', 'test/e2e/standin/**'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    files: pure.map((folder) => `src/${folder}/**/*.ts`),
    ignores: ['**/*.node.ts', '**/*.page.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: [noVscode], patterns: [noNode] }],
      'no-restricted-globals': ['error', 'document', 'window', 'process', 'Buffer'],
    },
  },
  {
    files: ['src/protocol/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [noVscode], patterns: [noNode, { group: ['../*'], message: 'protocol imports nothing.' }] },
      ],
    },
  },
  {
    files: ['webview/**/*.ts'],
    languageOptions: { globals: globals.browser },
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [noVscode],
          patterns: [
            noNode,
            {
              group: ['**/src/*', '!**/src/protocol', '**/src/!(protocol)/**'],
              message: 'The view knows only src/protocol.',
            },
          ],
        },
      ],
    },
  },
)
