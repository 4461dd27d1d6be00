import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'
import { LAYERS, upwardFrom } from './tools/layers.js'

const database = {
  name: 'better-sqlite3',
  message: 'Its version depends on Node; call openDatabase of src/store/sqlite.ts.'
}

/**
 * @param {object} options
 * @returns {{ 'no-restricted-imports': ['error', object] }}
 */
const restricted = options => ({ 'no-restricted-imports': ['error', options] })

export default defineConfig(
  { ignores: ['dist/**', 'runs/**', 'node_modules/**'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/prefer-for-of': 'off',
      '@typescript-eslint/consistent-type-definitions': 'off',
      eqeqeq: 'error',
      ...restricted({ paths: [database] })
    }
  },
  ...LAYERS.map(folder => ({
    files: [`src/${folder}/**`],
    ignores: ['src/store/sqlite.ts'],
    rules: restricted({ paths: [database], patterns: [upwardFrom(folder)] })
  })),
  { files: ['src/store/sqlite.ts'], rules: restricted({ patterns: [upwardFrom('store')] }) },
  {
    files: ['src/*.ts'],
    ignores: ['src/index.ts'],
    rules: restricted({ paths: [database], patterns: [upwardFrom()] })
  },
  { files: ['src/**'], rules: { 'max-lines': ['error', 300], 'max-lines-per-function': ['error', 60] } },
  {
    files: ['src/**'],
    ignores: ['src/power.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          "BinaryExpression[operator='**']:not([left.value=2]):not([right.value=2])",
          "AssignmentExpression[operator='**=']",
          "MemberExpression[object.name='Math'][property.name='pow']"
        ].map(selector => ({ selector, message: 'Its last bits depend on Node; call power of src/power.ts.' }))
      ]
    }
  },
  {
    files: ['test/**', 'bench/**'],
    rules: {
      '@typescript-eslint/consistent-type-assertions': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off'
    }
  }
)
