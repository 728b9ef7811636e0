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
    <div className="min-w-0 rounded-lg border border-line bg-sunken">
      <pre className="overflow-x-auto px-4 pt-3.5 pb-2 font-mono text-xs leading-relaxed" tabIndex={0}>
        {code}
      </pre>
      <div className="flex justify-end px-2 pb-2">
        <Button size="small" type="text" icon={<CopyOutlined />} onClick={() => void copy(copied ?? code)}>
          {t('common.copy')}
        </Button>
      </div>
    </div>
  );
}
