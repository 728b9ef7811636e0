import { Tag } from 'antd';
import { useTranslation } from 'react-i18next';

const colors: Record<number, string> = { 1: 'green', 2: 'cyan', 3: 'gold', 4: 'purple', 5: 'red', 6: 'blue' };

/** What kind of entry it is. */
export function LogTypeTag({ type }: { type: number }) {
  const { t } = useTranslation();
  return (
    <Tag color={colors[type] ?? 'default'} className="me-0!">
      {t(`logs.type.${colors[type] ? type : 'unknown'}`)}
    </Tag>
  );
}
