import { CopyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useTranslation } from 'react-i18next';
import { useCopy } from './useCopy';

interface Props {
  code: string;
  /** What is copied, when it differs from what is shown: a secret that is masked on the screen. */
  copied?: string;
}

/** A piece of code to take along. */
export function CodeBlock({ code, copied }: Props) {
  const { t } = useTranslation();
  const copy = useCopy();
  return (
    <div className="relative min-w-0 rounded-lg border border-line bg-sunken">
      <pre className="overflow-x-auto p-4 pr-14 font-mono text-xs leading-relaxed" tabIndex={0}>
        {code}
      </pre>
      <Button
        className="absolute! top-2 right-2"
        size="small"
        icon={<CopyOutlined />}
        aria-label={t('common.copy')}
        title={t('common.copy')}
        onClick={() => void copy(copied ?? code)}
      />
    </div>
  );
}
