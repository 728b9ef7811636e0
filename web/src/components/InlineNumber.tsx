import { InputNumber } from 'antd';
import { useState } from 'react';

interface Props {
  label: string;
  value: number;
  min?: number;
  onSave: (value: number) => void;
}

/** A number that is changed where it stands: saved on Enter or on leaving the field, put back on Escape. */
export function InlineNumber({ label, value, min, onSave }: Props) {
  const [draft, setDraft] = useState<number | null>(null);
  const commit = () => {
    if (draft !== null && draft !== value) onSave(draft);
    setDraft(null);
  };
  return (
    <InputNumber<number>
      aria-label={label}
      className="w-14!"
      size="small"
      precision={0}
      min={min ?? Number.MIN_SAFE_INTEGER}
      value={draft ?? value}
      onChange={setDraft}
      onBlur={commit}
      onPressEnter={(event) => {
        // The event's own place is the box around the field.
        if (event.target instanceof HTMLElement) event.target.blur();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') setDraft(null);
      }}
    />
  );
}
