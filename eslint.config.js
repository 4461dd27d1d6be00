import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

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
      'no-restricted-imports': [
        'error',
        { name: 'better-sqlite3', message: 'Its version depends on Node; call openDatabase of src/store/sqlite.ts.' }
      ]
    }
  },
  { files: ['src/store/sqlite.ts'], rules: { 'no-restricted-imports': 'off' } },
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
