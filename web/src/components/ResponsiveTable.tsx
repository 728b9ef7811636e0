import { Table, type TableProps } from 'antd';
import type { ReactNode } from 'react';
import { useIsPhone } from '@/lib/useMediaQuery';
import { PageLoading } from './PageLoading';

interface Props<T> {
  /** What the rows are, for screen readers. */
  label: string;
  columns: NonNullable<TableProps<T>['columns']>;
  /** Undefined until the first answer. */
  rows: T[] | undefined;
  rowKey: (row: T) => string;
  /** A newer answer is on its way; the old rows stay readable. */
  fetching: boolean;
  /** What a row looks like on a phone. */
  card: (row: T) => ReactNode;
  empty: ReactNode;
  expandable?: TableProps<T>['expandable'];
}

function Cards<T>({ label, rows, rowKey, card, fetching }: Pick<Props<T>, 'label' | 'rowKey' | 'card' | 'fetching'> & { rows: T[] }) {
  return (
    <ul aria-label={label} aria-busy={fetching} className={`flex flex-col gap-3 transition-opacity ${fetching ? 'opacity-60' : ''}`}>
      {rows.map((row) => (
        <li key={rowKey(row)} className="ya-card p-4">
          {card(row)}
        </li>
      ))}
    </ul>
  );
}

/** A table where there is room for one, else a list of cards. */
export function ResponsiveTable<T extends object>(props: Props<T>) {
  const isPhone = useIsPhone();
  if (!props.rows) return <PageLoading />;
  if (props.rows.length === 0 && !props.fetching) return <div className="ya-card">{props.empty}</div>;
  if (isPhone) return <Cards {...props} rows={props.rows} />;
  return (
    <div className="ya-card overflow-hidden">
      <Table<T>
        aria-label={props.label}
        columns={props.columns}
        dataSource={props.rows}
        rowKey={props.rowKey}
        loading={{ spinning: props.fetching, delay: 250 }}
        pagination={false}
        scroll={{ x: 'max-content' }}
        expandable={props.expandable}
        size="middle"
      />
    </div>
  );
}
