import { CopyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useCopy } from '@/components/useCopy';
import { fullKey, maskedKey } from './tokenKey';
import type { Token } from './types';

/** The key, masked, with a button that copies it whole. */
export function TokenKey({ token }: { token: Token }) {
  const { t } = useTranslation();
  const copy = useCopy();
  return (
    <span className="inline-flex items-center gap-1 whitespace-nowrap">
      <code className="font-mono text-xs text-muted">{maskedKey(token.key)}</code>
      <Button
        size="small"
        type="text"
        icon={<CopyOutlined />}
        aria-label={t('tokens.copyKeyOf', { name: token.name })}
        title={t('tokens.copyKey')}
        onClick={() => void copy(fullKey(token.key))}
      />
    </span>
  );
}
