import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useErrorText } from '@/api/useErrorText';
import { Notice } from './Notice';

interface Props {
  error: unknown;
  onRetry: () => void;
}

/** Says why something could not be loaded and offers to try again; nothing when there is no error. */
export function LoadFault({ error, onRetry }: Props) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  if (!error) return null;
  return (
    <div className="mb-4">
      <Notice tone="bad">
        <span className="flex flex-wrap items-center justify-between gap-2">
          {errorText(error)}
          <Button size="small" onClick={onRetry}>
            {t('common.retry')}
          </Button>
        </span>
      </Notice>
    </div>
  );
}
