import { useTranslation } from 'react-i18next';
import { LogType } from './types';

const looks: Record<number, string> = {
  [LogType.topUp]: 'bg-good/10 text-good',
  [LogType.consume]: 'bg-accent-soft text-accent',
  [LogType.manage]: 'bg-warn/10 text-warn',
  [LogType.system]: 'bg-sunken text-muted',
  [LogType.error]: 'bg-bad/10 text-bad',
  [LogType.refund]: 'bg-good/10 text-good',
};

/** What kind of entry it is. */
export function LogTypeTag({ type }: { type: number }) {
  const { t } = useTranslation();
  const look = looks[type];
  return (
    <span className={`inline-block rounded-md px-2 py-0.5 text-xs whitespace-nowrap ${look ?? 'bg-sunken text-muted'}`}>
      {t(`logs.type.${look ? type : 'unknown'}`)}
    </span>
  );
}
