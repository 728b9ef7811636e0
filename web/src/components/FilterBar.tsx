import { FilterOutlined } from '@ant-design/icons';
import { Badge, Button } from 'antd';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useIsPhone } from '@/lib/useMediaQuery';

interface Props {
  /** Always to be seen: the field that people use most. */
  main: ReactNode;
  children: ReactNode;
  /** How many of the folded filters are set. */
  active: number;
  onReset: () => void;
}

/** Filters in a row; on a phone all but the main one fold away behind a button. */
export function FilterBar({ main, children, active, onReset }: Props) {
  const { t } = useTranslation();
  const isPhone = useIsPhone();
  const [open, setOpen] = useState(false);
  return (
    <search className="mb-4 flex flex-wrap items-center gap-2">
      <div className="min-w-0 flex-1 md:max-w-72 md:min-w-56">{main}</div>
      {isPhone ? (
        <Badge count={active} size="small">
          <Button icon={<FilterOutlined />} aria-expanded={open} onClick={() => setOpen(!open)}>
            {t('common.filters')}
          </Button>
        </Badge>
      ) : null}
      {!isPhone || open ? (
        <div className="flex w-full flex-col gap-2 md:w-auto md:flex-row md:flex-wrap md:items-center">
          {children}
          {active > 0 ? (
            <Button type="link" onClick={onReset}>
              {t('common.reset')}
            </Button>
          ) : null}
        </div>
      ) : null}
    </search>
  );
}
