import js from '@eslint/js'
import query from '@tanstack/eslint-plugin-query'
import jsxA11y from 'eslint-plugin-jsx-a11y'
import reactHooks from 'eslint-plugin-react-hooks'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Shared code <- features <- app. A feature reaches its own files by relative path. */
const fence = (files, group, message) => ({
  files,
  rules: {
    'no-restricted-imports': ['error', { patterns: [{ group, message }] }],
  },
})

const OWN_FILES_ONLY =
  'A feature imports its own files and shared code only; compose features in app/.'

export default defineConfig(
  globalIgnores(['dist', 'src/components/ui', 'src/lib/api/schema.d.ts']),
  {
    files: ['{src,e2e}/**/*.{ts,tsx}', '*.config.ts'],
    extends: [
      js.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
      reactHooks.configs.flat['recommended-latest'],
      query.configs['flat/recommended'],
      jsxA11y.flatConfigs.recommended,
    ],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'no-console': 'error',
      complexity: ['error', 8],
      'max-lines': [
        'error',
        { max: 250, skipBlankLines: true, skipComments: true },
      ],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'type'],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports' },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true },
      ],
      // The router's redirects and `notFound()` are thrown objects by design.
      '@typescript-eslint/only-throw-error': [
        'error',
        {
          allow: [
            {
              from: 'package',
              package: '@tanstack/router-core',
              name: ['Redirect', 'NotFoundError'],
            },
          ],
        },
      ],
    },
  },
  fence(
    ['src/{components,lib,testing}/**'],
    ['@/features/**', '@/app/**'],
    'Shared code must not know features or the app.',
  ),
  fence(
    ['src/features/*/*'],
    ['@/features/**', '@/app/**', '../**'],
    OWN_FILES_ONLY,
  ),
  // In a folder of a feature: its own feature's other files are one level up.
  fence(
    ['src/features/*/*/*'],
    ['@/features/**', '@/app/**', '../../**'],
    OWN_FILES_ONLY,
  ),
  {
    files: ['**/*.test.{ts,tsx}', 'e2e/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
)
