import { Tabs } from 'antd';
import { useTranslation } from 'react-i18next';
import { CodeBlock } from '@/components/CodeBlock';
import { useGetOwnModelsQuery } from '@/features/catalog/catalogApi';
import { useServer } from '@/features/status/useServer';
import { fullKey, maskedKey } from '@/features/tokens/tokenKey';
import type { Token } from '@/features/tokens/types';
import { firstModel, snippetNames, snippetOf } from './snippets';

/** A first call in three languages. The key is masked on the screen and whole in what is copied. */
export function FirstCall({ token }: { token: Token | undefined }) {
  const { t } = useTranslation();
  const { address } = useServer();
  const { data: models = [] } = useGetOwnModelsQuery();
  const facts = { address, model: firstModel(models) };
  const items = snippetNames.map((name) => ({
    key: name,
    label: t(`dashboard.guide.snippet.${name}`),
    children: (
      <CodeBlock
        code={snippetOf(name, { ...facts, key: token ? maskedKey(token.key) : 'sk-…' })}
        copied={snippetOf(name, { ...facts, key: token ? fullKey(token.key) : 'sk-…' })}
      />
    ),
  }));
  return <Tabs items={items} size="small" />;
}
