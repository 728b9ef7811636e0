import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist'] },
  ...tseslint.configs.recommended,
  hooks.configs.flat['recommended-latest'] ?? hooks.configs.flat.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    rules: { '@typescript-eslint/consistent-type-imports': 'error', eqeqeq: 'error' },
  },
);
