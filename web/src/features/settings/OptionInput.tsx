import { Input, Switch } from 'antd';
import { JsonArea } from '@/components/JsonArea';
import { useServer } from '@/features/status/useServer';
import { formatUsd, quotaToUsd } from '@/lib/quota';
import type { OptionField } from './optionFields';

interface Props {
  id: string;
  field: OptionField;
  value: string;
  invalid: boolean;
  onChange: (value: string) => void;
}

function QuotaValue({ value }: { value: string }) {
  const { display } = useServer();
  const points = Number(value);
  return <span className="ya-num text-muted">{Number.isFinite(points) ? `= ${formatUsd(quotaToUsd(points, display.perUnit))}` : ''}</span>;
}

/** The fitting input for an option's kind. */
export function OptionInput({ id, field, value, invalid, onChange }: Props) {
  const described = { id, 'aria-invalid': invalid, 'aria-describedby': `${id}-help` };
  const { kind } = field;
  if (kind === 'bool') return <Switch {...described} checked={value === 'true'} onChange={(on) => onChange(on ? 'true' : 'false')} />;
  if (typeof kind === 'object') return <JsonArea {...described} rows={6} value={value} onChange={onChange} />;
  const status = invalid ? 'error' : '';
  if (kind === 'lines') {
    return <Input.TextArea {...described} status={status} autoSize={{ minRows: 3, maxRows: 14 }} value={value} onChange={(event) => onChange(event.target.value)} />;
  }
  if (kind === 'text') return <Input {...described} status={status} value={value} onChange={(event) => onChange(event.target.value)} />;
  return (
    <span className="flex items-center gap-3">
      <Input
        {...described}
        status={status}
        inputMode={kind === 'number' ? 'decimal' : 'numeric'}
        className="ya-num w-44!"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      {kind === 'quota' ? <QuotaValue value={value} /> : null}
    </span>
  );
}
